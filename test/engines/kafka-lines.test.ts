import assert from 'node:assert/strict';
import test from 'node:test';

import { LineError, parseLines } from '#src/engines/kafka-lines.ts';

const ENV = { TOPIC_PREFIX: 'block-1-', WORDS: 'two words' };

test('lines of Kafka’s tools are read as a shell would', () => {
  const code = [
    '# the first topic',
    'kafka-topics.sh --create --topic ${TOPIC_PREFIX}orders \\',
    '  --partitions 3 # three',
    '',
    `kafka-console-producer --topic "$TOPIC_PREFIX"orders --property 'parse.key=true' <<< "o-1:$WORDS"`,
    "kafka-console-producer --topic a <<'END'",
    'one $WORDS',
    'two',
    'END',
    'kafka-console-producer --topic b << END',
    'three $WORDS',
    'END',
    'kafka-console-producer --topic c < orders.csv',
  ].join('\n');
  const calls = parseLines(code, ENV).map(({ line, tool, args, input, inputFile }) => [
    line,
    tool,
    args,
    input ?? inputFile,
  ]);
  assert.deepEqual(calls, [
    [2, 'kafka-topics', ['--create', '--topic', 'block-1-orders', '--partitions', '3'], undefined],
    [5, 'kafka-console-producer', ['--topic', 'block-1-orders', '--property', 'parse.key=true'], 'o-1:two words\n'],
    [6, 'kafka-console-producer', ['--topic', 'a'], 'one $WORDS\ntwo\n'],
    [10, 'kafka-console-producer', ['--topic', 'b'], 'three two words\n'],
    [13, 'kafka-console-producer', ['--topic', 'c'], 'orders.csv'],
  ]);
});

test('what is no call of a tool is refused with its line', () => {
  for (const [code, line, words] of [
    ['kafka-topics --list\nrm -rf /', 2, /no tool "rm" here/],
    ['kafka-topic --list', 1, /did you mean kafka-topics\?/],
    ['kafka-topics --list | sort', 1, /one a line; can’t read "\| sort"/],
    ['kafka-topics --list > all.txt', 1, /can’t read "> all\.txt"/],
    ['kafka-topics --list; kafka-topics --list', 1, /can’t read/],
    ['kafka-topics --list $(id)', 1, /can’t read/],
    ['kafka-topics --topic $NONE', 1, /no variable NONE; known: TOPIC_PREFIX, WORDS/],
    ['\nkafka-console-producer <<END\none', 2, /ends with END has no end/],
    ['kafka-console-producer <<<', 1, /nothing stands behind <<</],
    ["kafka-topics --topic 'open", 1, /can’t read "'open"/],
  ] as const) {
    assert.throws(
      () => parseLines(code, ENV),
      (error) => error instanceof LineError && error.line === line && words.test(error.message),
      code,
    );
  }
});
