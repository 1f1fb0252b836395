{{- define "podproc.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "podproc.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "podproc.daemon.name" -}}
{{ include "podproc.fullname" . }}-daemon
{{- end }}

{{- define "podproc.webhook.name" -}}
{{ include "podproc.fullname" . }}-webhook
{{- end }}

{{- /* The Secret with the webhook's certificate, whoever made it. */}}
{{- define "podproc.webhook.secret" -}}
{{- if eq .Values.webhook.certificate.source "existingSecret" -}}
{{ .Values.webhook.certificate.existingSecret.name }}
{{- else -}}
{{ include "podproc.webhook.name" . }}-tls
{{- end }}
{{- end }}

{{- /* What Deployment and DaemonSet select their pods by: never changes. (list . component) */}}
{{- define "podproc.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "podproc.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- /* (list . component) */}}
{{- define "podproc.labels" -}}
{{- $root := index . 0 -}}
{{ include "podproc.selector" . }}
app.kubernetes.io/part-of: podproc
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Labels and annotations of an object. (list . component labels annotations), the last two at will */}}
{{- define "podproc.metadata" -}}
{{- $root := index . 0 -}}
{{- $labels := dict }}
{{- $annotations := $root.Values.commonAnnotations }}
{{- if gt (len .) 2 }}{{ $labels = index . 2 }}{{ end }}
{{- if gt (len .) 3 }}{{ $annotations = merge (dict) (index . 3) $annotations }}{{ end -}}
labels:
  {{- merge (dict) (include "podproc.labels" (list $root (index . 1)) | fromYaml) $labels | toYaml | nindent 2 }}
{{- with $annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* Of pods: nothing that a new version of the chart alone would change, for that would roll them.
       (list . component labels annotations) */}}
{{- define "podproc.podMetadata" -}}
{{- $root := index . 0 -}}
{{- $own := merge (include "podproc.selector" . | fromYaml) (dict "app.kubernetes.io/part-of" "podproc") -}}
labels:
  {{- merge $own $root.Values.commonLabels (index . 2) | toYaml | nindent 2 }}
annotations:
  {{- merge (dict) (index . 3) $root.Values.commonAnnotations (dict "kubectl.kubernetes.io/default-container" (index . 1)) | toYaml | nindent 2 }}
{{- end }}

{{- /* (list . image) */}}
{{- define "podproc.image" -}}
{{- $root := index . 0 }}
{{- $image := index . 1 }}
{{- with default $image.registry $root.Values.global.imageRegistry }}{{ trimSuffix "/" . }}/{{ end }}
{{- $image.repository }}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ default $root.Chart.AppVersion $image.tag }}{{ end }}
{{- end }}

{{- /* Settings as the environment: fooBar is podproc.foo-bar is PODPROC_FOO_BAR. Nothing set: the program's default. */}}
{{- define "podproc.settings" -}}
{{- range $name, $value := . }}
{{- if not (or (kindIs "invalid" $value) (and (kindIs "slice" $value) (empty $value))) }}
- name: PODPROC_{{ $name | snakecase | upper }}
  value: {{ if kindIs "slice" $value }}{{ join "," $value | quote }}{{ else }}{{ $value | toString | quote }}{{ end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* A number stays one, a percentage is text. */}}
{{- define "podproc.numberOrPercentage" -}}
{{- if kindIs "string" . }}{{ . | quote }}{{ else }}{{ . | int }}{{ end }}
{{- end }}

{{- /* Whether there is a keeper: libfuse can't go on with a mount. */}}
{{- define "podproc.keeper" -}}
{{- if and .Values.daemon.keeper.enabled (eq .Values.daemon.settings.transport "kernel") }}true{{ end }}
{{- end }}

{{- /* Whether daemons learn from the API server which pods get files. */}}
{{- define "podproc.delivery.watching" -}}
{{- if and .Values.delivery.node.enabled (not .Values.delivery.node.namespaces) }}true{{ end }}
{{- end }}

{{- define "podproc.keeper.name" -}}
{{ include "podproc.fullname" . }}-keeper
{{- end }}

{{- /* On which nodes, and how urgently: a keeper is wherever a daemon is. */}}
{{- define "podproc.daemon.placement" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
priorityClassName: {{ .Values.daemon.priorityClassName }}
{{- with .Values.daemon.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.daemon.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.daemon.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
