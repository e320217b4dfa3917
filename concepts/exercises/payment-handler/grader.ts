import {
  faultWords,
  finding,
  killsOf,
  type CaseFinding,
  type ExerciseBench,
  type ExerciseCase,
  type ExercisePlace,
  type Play,
} from '#src/grading/api.ts';

/** A request as a line of requests.csv. */
interface Request {
  readonly key: string;
  readonly account: string;
  readonly amount: number;
}

const ACCOUNT = 'acc-1';
const OPENING = 100;
/** What each place begins with; the guide shows the tables to the learner. */
const TABLES = `
  CREATE TABLE account (id text PRIMARY KEY, balance int NOT NULL);
  CREATE TABLE request (key text PRIMARY KEY, account text, amount int, answer text);
  INSERT INTO account VALUES ('${ACCOUNT}', ${OPENING});
`;
const FIRST: Request = { key: 'pay-1', account: ACCOUNT, amount: 50 };
const SECOND: Request = { key: 'pay-2', account: ACCOUNT, amount: 20 };

export const cases: readonly ExerciseCase[] = [
  { id: 'once', title: 'Two payments of 50, each sent once', play: once },
  { id: 'again', title: 'The same request again, after another one', play: again },
  { id: 'killed', title: 'Killed at each commit, and started again', play: killed },
  { id: 'at-once', title: 'The same request twice at the same moment', play: atOnce },
  { id: 'reused', title: 'The same key for another payment', play: reused },
  { id: 'no-account', title: 'An account that is opened later', play: noAccount },
];

async function once(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, [FIRST, { ...FIRST, key: 'pay-2' }]);
  const play = await place.run();
  const did = 'sent two payments of 50 to one account, with the keys pay-1 and pay-2';
  const balance = await balanceOf(place);
  if (balance === OPENING)
    return wrong({
      anomaly: 'lost',
      did,
      expected: booked(200),
      found: booked(balance),
      likely: 'Nothing was booked.',
    });
  if (balance < 200) {
    const likely =
      'Two payments may have the same amount and account, and are still two. Only the key says which requests are one.';
    return wrong({ anomaly: 'lost', did, expected: booked(200), found: booked(balance), likely });
  }
  if (balance > 200) {
    const likely = 'A payment was booked more than once, although nothing was sent again.';
    return wrong({ anomaly: 'duplicate', did, expected: booked(200), found: booked(balance), likely });
  }
  return answered(
    play,
    ['pay-1 balance 150', 'pay-2 balance 200'],
    did,
    'Each request is answered with the new balance.',
  );
}

async function again(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, [FIRST, SECOND, FIRST]);
  const sent = 'sent pay-1 (50), pay-2 (20) and pay-1 again';
  for (const did of [sent, `${sent}; then ran your program once more with the same requests`]) {
    const play = await place.run();
    const balance = await balanceOf(place);
    const expected = booked(170);
    if (balance > 170) {
      const likely = 'Nothing that is stored tells your handler that it has booked this key before.';
      return wrong({ anomaly: 'duplicate', did, expected, found: booked(balance), likely });
    }
    if (balance < 170) {
      const likely = 'A payment that came first was taken for one that was booked already.';
      return wrong({ anomaly: 'lost', did, expected, found: booked(balance), likely });
    }
    const due = ['pay-1 balance 150', 'pay-2 balance 170', 'pay-1 balance 150'];
    const likely =
      'The caller of a repeated request must hear what the first attempt would have told. The balance has changed since; only a stored answer stays.';
    const found = answered(play, due, did, likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function killed(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const calm = await (await placeWith(bench, [FIRST])).run();
  for (const fault of killsOf(calm)) {
    const place = await placeWith(bench, [FIRST]);
    const play = await place.run({ faults: [fault] });
    const balance = await balanceOf(place);
    const did = `${faultWords(fault)}; then started it again with the same request`;
    const expected = booked(150);
    if (balance > 150) {
      const likely =
        'The booking was committed, and what says that it was done was not. Started again, your handler knows nothing of it.';
      return wrong({ anomaly: 'duplicate', did, expected, found: booked(balance), likely });
    }
    if (balance < 150) {
      const likely =
        'The key was committed before the booking. Started again, your handler takes the payment for done, and it never happens.';
      return wrong({ anomaly: 'lost', did, expected, found: booked(balance), likely });
    }
    const likely = 'The caller never got the first answer; the second attempt has to give it.';
    const found = answered(play, ['pay-1 balance 150'], did, likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function atOnce(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, [FIRST]);
  const plays = await place.runTwo({ mayFail: true });
  const did = 'sent pay-1 from two programs: the second began when the first was about to commit';
  const balance = await balanceOf(place);
  if (balance !== 150) {
    const likely =
      'Each looked whether the key is known, and neither could see what the other had not committed yet. So both booked.';
    const anomaly = balance > 150 ? 'duplicate' : 'lost';
    return wrong({ anomaly, did, expected: booked(150), found: booked(balance), likely });
  }
  if (plays.some(({ ended }) => ended === 'crashed')) {
    const likely =
      'Both looked before either had committed, so both went on to write, and the primary key refused the second. The payment was booked, and its caller got an error.';
    const expected = 'both attempts are answered';
    return wrong({ anomaly: 'crashed', did, expected, found: 'one was answered, and one ended with an error', likely });
  }
  const likely = 'Two attempts of one request must hear the same answer, whichever came first.';
  for (const play of plays) {
    const found = answered(play, ['pay-1 balance 150'], did, likely);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function reused(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const place = await placeWith(bench, [FIRST, { ...FIRST, amount: 70 }, FIRST]);
  const play = await place.run();
  const did = 'sent pay-1 with 50, then pay-1 with 70, then pay-1 with 50 again';
  const balance = await balanceOf(place);
  if (balance !== 150) {
    const likely = 'The key was used already, so the 70 is a mistake of the caller: nothing may be booked for it.';
    return wrong({ anomaly: 'double-effect', did, expected: booked(150), found: booked(balance), likely });
  }
  const likely =
    'A caller who asks for 70 and hears of a balance believes that the 70 were booked. Compare the request with the one that the key was stored for.';
  return answered(play, ['pay-1 balance 150', 'pay-1 refused', 'pay-1 balance 150'], did, likely);
}

async function noAccount(bench: ExerciseBench): Promise<CaseFinding | undefined> {
  const late: Request = { key: 'pay-9', account: 'acc-9', amount: 50 };
  const place = await placeWith(bench, [late]);
  const first = await place.run({ mayFail: true });
  const did = 'sent pay-9 for an account that does not exist, opened the account with 100, and sent pay-9 again';
  const told = answersOf(first).find((line) => line.startsWith('pay-9 balance'));
  if (told !== undefined) {
    const likely = 'Nothing was booked, and the caller was told of a balance.';
    return wrong({
      anomaly: 'wrong-report',
      did,
      expected: 'an error, or an answer that says so',
      found: told,
      likely,
    });
  }
  await place.query(`INSERT INTO account VALUES ('acc-9', ${OPENING})`);
  const second = await place.run({ mayFail: true });
  const balance = await balanceOf(place, 'acc-9');
  if (balance !== 150) {
    const likely =
      'The key was stored although nothing had been booked. An attempt without its effect must leave no trace, or its retry is taken for done.';
    return wrong({ anomaly: 'lost', did, expected: booked(150), found: booked(balance), likely });
  }
  return answered(second, ['pay-9 balance 150'], did, 'The payment was booked by this attempt.');
}

async function placeWith(bench: ExerciseBench, requests: readonly Request[]): Promise<ExercisePlace> {
  const lines = requests.map(({ key, account, amount }) => `${key},${account},${amount}\n`);
  return bench.place({ sql: TABLES, files: { 'requests.csv': lines.join('') } });
}

async function balanceOf(place: ExercisePlace, account = ACCOUNT): Promise<number> {
  const [row] = await place.query(`SELECT balance FROM account WHERE id = '${account}'`);
  return Number(row?.['balance'] ?? 0);
}

/** What the program told its callers; other lines that it prints are the learner's own affair. */
function answersOf({ lines }: Play): string[] {
  return lines.filter((line) => /^pay-\d /.test(line)).map((line) => line.trim());
}

function answered(play: Play, due: readonly string[], did: string, likely: string): CaseFinding | undefined {
  const told = answersOf(play);
  const at = due.findIndex((line, i) => told[i] !== line);
  if (at < 0) return undefined;
  const where = due.length === 1 ? '' : `answer ${at + 1}: `;
  const found = `${where}${told[at] ?? 'nothing'}`;
  return wrong({ anomaly: 'wrong-report', did, expected: `${where}${due[at] ?? ''}`, found, likely });
}

function booked(balance: number): string {
  return `a balance of ${balance}`;
}

function wrong(of: Omit<CaseFinding, 'count' | 'witnesses'>): CaseFinding {
  const { anomaly, expected, found, did, likely } = of;
  return { ...finding({ anomaly, expected, found, count: 1 }), did, likely };
}
