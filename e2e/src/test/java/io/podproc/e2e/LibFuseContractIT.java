// SPDX-License-Identifier: Apache-2.0
package io.podproc.e2e;

/** What holds of the one transport holds of the other. */
@IntegrationTest
@DaemonOptions("-Dpodproc.transport=libfuse")
class LibFuseContractIT extends ContractIT {}
