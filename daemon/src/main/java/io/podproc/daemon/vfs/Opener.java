// SPDX-License-Identifier: Apache-2.0
package io.podproc.daemon.vfs;

import io.podproc.daemon.host.HostFacts;
import io.podproc.daemon.linux.ExhaustedException;
import io.podproc.daemon.vfs.Requests.Outcome;
import io.podproc.daemon.vfs.Requests.Reason;
import io.podproc.daemon.view.View;
import io.podproc.daemon.view.Views;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Opens a virtual file on behalf of a caller. The only place that falls back: whoever can't be
 * placed or served gets the host's text, which is what the file would say without podproc. But not
 * where it is podproc that is short of something: the host's numbers would be taken for the
 * container's.
 */
public final class Opener {
  private final Views views;
  private final HostFacts host;
  private final Requests requests;
  private final MeasuredTexts measured = new MeasuredTexts();

  /**
   * How long the text is that a caller would read now.
   *
   * @param reader as {@link Views#owner} tells
   * @param bytes 0 also where there is no text to be had
   */
  public record Size(Object reader, long bytes) {}

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
      return views
          .of(callerTid)
          .map(view -> open(file, callerTid, new OfContainer(file, view), view))
          .orElseGet(() -> open(file, callerTid, ofHost(file), host));
    } catch (ExhaustedException e) {
      return new OpenFile(
          _ -> {
            throw shortOf(file, e);
          },
          host);
    } catch (IOException e) {
      return fallback(file, Reason.CALLER, e);
    } catch (RuntimeException e) {
      return fallback(file, Reason.RENDER, e);
    }
  }

  private OpenFile open(VirtualTree.File file, int tid, OpenFile.Content content, Object reader) {
    long opened = System.nanoTime();
    return new OpenFile(content, reader, () -> measured.take(reader, file.inode(), tid, opened));
  }

  /**
   * The size of the file as the caller's container sees it. If the caller has it open and has not
   * read yet, it will read the text that was measured.
   */
  public Size size(VirtualTree.File file, int callerTid) {
    long asked = System.nanoTime();
    OpenFile now = open(file, callerTid);
    try {
      byte[] text = now.snapshot(0);
      measured.add(now.reader(), file.inode(), callerTid, asked, text);
      return new Size(now.reader(), text.length);
    } catch (
        IOException e) { // whoever reads will be told; what is there can be listed all the same
      return new Size(now.reader(), 0);
    }
  }

  /** Who asks: see {@link Views#owner}. */
  public Object owner(int callerTid) {
    return views.owner(callerTid);
  }

  /** Whoever is to be told what becomes of requests. */
  public Requests requests() {
    return requests;
  }

  private OpenFile.Content ofHost(VirtualTree.File file) {
    return _ -> hostText(file, Outcome.HOST, System.nanoTime());
  }

  private final class OfContainer implements OpenFile.Content {
    private final VirtualTree.File file;
    private final View view;
    private boolean isLastGood;

    OfContainer(VirtualTree.File file, View view) {
      this.file = file;
      this.view = view;
    }

    /** One at a time, as the open file sees to. */
    @Override
    public byte[] render(byte @Nullable [] last) throws IOException {
      long start = System.nanoTime();
      try {
        byte[] text = tryTwice(start);
        isLastGood = true;
        return text;
      } catch (ExhaustedException e) {
        if (last == null || !isLastGood) {
          throw shortOf(file, e);
        }
        requests.fellBack(file, Reason.SHORTAGE, e);
        requests.rendered(file, Outcome.STALE, System.nanoTime() - start);
        return last;
      } catch (IOException e) {
        requests.fellBack(file, Reason.KERNEL, e);
      } catch (RuntimeException e) {
        requests.fellBack(file, Reason.RENDER, e);
      }
      isLastGood = false;
      return hostText(file, Outcome.FALLBACK, start);
    }

    private byte[] tryTwice(long start) throws IOException {
      try {
        return Opener.this.render(file, view, start);
      } catch (ExhaustedException e) {
        throw e;
      } catch (IOException gone) {
        return Opener.this.render(file, views.renew(view), start);
      }
    }
  }

  private ExhaustedException shortOf(VirtualTree.File file, ExhaustedException cause) {
    requests.fellBack(file, Reason.SHORTAGE, cause);
    requests.rendered(file, Outcome.ERROR, 0);
    return cause;
  }

  private OpenFile fallback(VirtualTree.File file, Reason reason, Exception cause) {
    return new OpenFile(
        _ -> {
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
