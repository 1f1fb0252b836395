// SPDX-License-Identifier: Apache-2.0
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Deployment's pod with six containers, and what the API server has added to it, as it is sent. */
final class Review {
  private static final String CONTAINER =
      """
      {"name": "app-%d", "image": "registry.example.org/shop/app-%d:1.29.3", "imagePullPolicy":
      "IfNotPresent", "args": ["--listen=:8080", "--log-format=json", "--cache=/var/cache/app"],
      "ports": [{"name": "http-%d", "containerPort": 8080, "protocol": "TCP"}], "env": [%s],
      "resources": {"limits": {"cpu": "2", "memory": "512Mi"}, "requests": {"cpu": "500m",
      "memory": "512Mi"}}, "volumeMounts": [{"name": "config", "mountPath": "/etc/app",
      "readOnly": true}, {"name": "cache", "mountPath": "/var/cache/app"}, {"name":
      "kube-api-access-x7k2p", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
      "readOnly": true}], "livenessProbe": {"httpGet": {"path": "/healthz", "port": 8080,
      "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
      "failureThreshold": 3}, "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080,
      "scheme": "HTTP"}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
      "failureThreshold": 3}, "terminationMessagePath": "/dev/termination-log",
      "terminationMessagePolicy": "File", "securityContext": {"capabilities": {"drop": ["ALL"]},
      "runAsNonRoot": true, "allowPrivilegeEscalation": false}}
      """;

  private static final String POD =
      """
      {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": {"uid":
      "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": {"group": "", "version": "v1", "kind": "Pod"},
      "resource": {"group": "", "version": "v1", "resource": "pods"}, "requestKind": {"group": "",
      "version": "v1", "kind": "Pod"}, "requestResource": {"group": "", "version": "v1", "resource":
      "pods"}, "namespace": "shop", "operation": "CREATE", "userInfo": {"username":
      "system:serviceaccount:kube-system:replicaset-controller", "groups":
      ["system:serviceaccounts", "system:authenticated"]}, "object": {"kind": "Pod", "apiVersion": "v1",
      "metadata": {"generateName": "web-5d8f7c6b9-", "namespace": "shop", "creationTimestamp": null,
      "labels": {"app": "web"}}, "spec": {"volumes": [{"name": "config", "configMap": {"name":
      "config", "defaultMode": 420}}, {"name": "cache", "emptyDir": {}}, {"name":
      "kube-api-access-x7k2p", "projected": {"sources": [{"serviceAccountToken":
      {"expirationSeconds": 3607, "path": "token"}}], "defaultMode": 420}}], "containers": [%s],
      "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
      "serviceAccountName": "web", "schedulerName": "default-scheduler"}, "status": {}}, "oldObject":
      null, "dryRun": false, "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"}}}
      """;

  private static final String HEAD =
      """
      POST /mutate?timeout=5s HTTP/1.1\r
      Host: localhost:%d\r
      User-Agent: kube-apiserver-admission\r
      Accept: application/json, */*\r
      Content-Type: application/json\r
      Content-Length: %d\r
      \r
      """;

  private Review() {}

  /** The whole of a request to the port, with its body. */
  static byte[] request(int port) {
    byte[] body = body();
    String head = HEAD.formatted(port, body.length);
    byte[] request = Arrays.copyOf(head.getBytes(StandardCharsets.UTF_8), head.length() + body.length);
    System.arraycopy(body, 0, request, head.length(), body.length);
    return request;
  }

  static byte[] body() {
    String env =
        IntStream.range(0, 9)
            .mapToObj("{\"name\": \"SETTING_%1$d\", \"value\": \"a value of setting %1$d\"}"::formatted)
            .collect(Collectors.joining(", "));
    String containers =
        IntStream.range(0, 6)
            .mapToObj(i -> CONTAINER.formatted(i, i, i, env))
            .collect(Collectors.joining(", "));
    return POD.formatted(containers).replace("\n", " ").getBytes(StandardCharsets.UTF_8);
  }
}
