// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

/** What holds of the one transport holds of the other, but for what is told here. */
@IntegrationTest
@DaemonOptions("-Dpodproc.transport=libfuse")
class LibFuseContractIT extends ContractIT {
  @Override
  boolean isMappingRefused() {
    return false; // its protocol is older than that
  }
}
