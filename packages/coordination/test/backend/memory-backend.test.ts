/** The backend in memory keeps the contract. */
import { MemoryBackend } from '@synod/coordination';
import { type BackendUnderTest, backendContract } from './contract-suite.ts';

function subjectOf(backend: MemoryBackend): BackendUnderTest {
  return {
    backend,
    async powerCut() {
      backend.crash();
      return subjectOf(backend);
    },
    dispose: () => backend.close(),
  };
}

backendContract('memory', async () => subjectOf(new MemoryBackend()));
