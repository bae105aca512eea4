/** Every file in transcripts/ is a test. */
import { join } from 'node:path';
import { clusterInterpreter } from '../harness/cluster-transcript.ts';
import { testTranscripts } from '../harness/transcript-file.ts';
import { RAFT_TRANSCRIPTS } from './transcript.ts';

testTranscripts(join(import.meta.dirname, 'transcripts'), () => clusterInterpreter(RAFT_TRANSCRIPTS));
