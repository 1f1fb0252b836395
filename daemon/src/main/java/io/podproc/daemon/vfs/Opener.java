// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.vfs.Requests.Outcome;
import io.podproc.daemon.vfs.Requests.Reason;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * Opens a virtual file on behalf of a caller. The only place that falls back: whoever can't be
 * placed or served gets the host's text, which is what the file would say without podproc.
 */
public final class Opener {
  private final Views views;
  private final HostFacts host;
  private final Requests requests;

  public Opener(Views views, HostFacts host, Requests requests) {
    this.views = views;
    this.host = host;
    this.requests = requests;
  }

  /**
   * The file as the caller's container sees it. The caller is placed now, as procfs does; what it
   * sees is rendered when it reads.
   */
  public OpenFile open(VirtualTree.File file, int callerTid) {
    try {
      return views.of(callerTid).map(view -> open(file, view)).orElseGet(() -> hostFile(file));
    } catch (IOException e) {
      return fallback(file, Reason.CALLER, e);
    } catch (RuntimeException e) {
      return fallback(file, Reason.RENDER, e);
    }
  }

  /** Who asks: see {@link Views#asker}. */
  public Object asker(int callerTid) {
    return views.asker(callerTid);
  }

  private OpenFile hostFile(VirtualTree.File file) {
    return new OpenFile(() -> hostText(file, Outcome.HOST, System.nanoTime()), host);
  }

  private OpenFile open(VirtualTree.File file, View view) {
    return new OpenFile(
        () -> {
          long start = System.nanoTime();
          try {
            return render(file, view, start);
          } catch (IOException gone) {
            try {
              return render(file, views.renew(view), start);
            } catch (IOException e) {
              requests.fellBack(file, Reason.KERNEL, e);
            } catch (RuntimeException e) {
              requests.fellBack(file, Reason.RENDER, e);
            }
          } catch (RuntimeException e) {
            requests.fellBack(file, Reason.RENDER, e);
          }
          return hostText(file, Outcome.FALLBACK, start);
        },
        view);
  }

  private OpenFile fallback(VirtualTree.File file, Reason reason, Exception cause) {
    return new OpenFile(
        () -> {
          requests.fellBack(file, reason, cause);
          return hostText(file, Outcome.FALLBACK, System.nanoTime());
        },
        host);
  }

  private byte[] render(VirtualTree.File file, View view, long start) throws IOException {
    return rendered(file, Outcome.CONTAINER, file.file().read(view), start);
  }

  private byte[] hostText(VirtualTree.File file, Outcome outcome, long start) throws IOException {
    String text;
    try {
      text = file.standIn().isPresent() ? file.standIn().get() : host.text(file.path());
    } catch (IOException e) {
      requests.rendered(file, Outcome.ERROR, System.nanoTime() - start);
      throw e;
    }
    return rendered(file, outcome, text, start);
  }

  private byte[] rendered(VirtualTree.File file, Outcome outcome, String text, long start) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    requests.rendered(file, outcome, System.nanoTime() - start);
    return bytes;
  }
}
