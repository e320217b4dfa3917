import type { Catalogue, Placement, Resources, Weeks } from '#src/content/plan.ts';
import type { Plan, PlanFile } from '#src/content/plan-reader.ts';
import { slugger } from '#src/content/markdown.ts';

/** What no schema can say: ids and terms stand once, and the parts of the plan name only each other's ids. */
export function checkPlan({ catalogue, weeks, resources, glossary, placement }: Plan): void {
  if (placement !== undefined) checkTopics(placement);
  if (catalogue !== undefined) {
    checkCatalogue(catalogue);
    if (weeks !== undefined) checkWeeks(weeks, catalogue.value);
    if (resources !== undefined) checkResources(resources, catalogue.value);
  }
  if (glossary !== undefined) {
    const terms = glossary.value.terms.map(({ term }, i) => ({ id: slugger()(term), path: ['terms', i, 'term'] }));
    once(terms, glossary);
  }
}

function checkCatalogue(catalogue: PlanFile<Catalogue>): void {
  const { groups, labs } = catalogue.value;
  const guides = groups.flatMap((group, g) =>
    group.guides.map(({ id }, i) => ({ id, path: ['groups', g, 'guides', i, 'id'] })),
  );
  once(guides, catalogue);
  once(
    labs.map(({ id }, i) => ({ id, path: ['labs', i, 'id'] })),
    catalogue,
  );
  for (const [i, { id, kind, path }] of labs.entries()) {
    const folder = `${kind}s/${/\/(\d\d)-/.exec(path)?.[1] ?? '00'}-${id}`;
    if (path !== folder)
      catalogue.reportAt(
        ['labs', i, 'path'],
        `the folder of the ${kind} ${JSON.stringify(id)} is not ${folder}`,
        'Its kind and id are its folder’s name.',
      );
  }
  checkProofs(catalogue);
}

function checkProofs(catalogue: PlanFile<Catalogue>): void {
  const guides = catalogue.value.groups.flatMap((group) => group.guides.map(({ id }) => id));
  for (const [l, { id, stages, proves }] of catalogue.value.labs.entries()) {
    for (const [p, proof] of proves.entries()) {
      const path = ['labs', l, 'proves', p];
      if (!guides.includes(proof.guide))
        catalogue.reportAt(
          [...path, 'guide'],
          `there is no guide ${JSON.stringify(proof.guide)}`,
          'Use an id of this file.',
        );
      for (const [s, stage] of proof.stages.entries())
        if (stage > stages.length)
          catalogue.reportAt([...path, 'stages', s], `${id} has no stage ${stage}`, `It has ${stages.length}.`);
    }
  }
}

function checkWeeks(file: PlanFile<Weeks>, { groups, labs }: Catalogue): void {
  const { weeks, milestones } = file.value;
  const guides = groups.flatMap((group) => group.guides.map(({ id }) => id));
  const use = 'Use an id of plan/catalogue.yaml.';
  for (const [w, week] of weeks.entries()) {
    if (week.number !== w + 1)
      file.reportAt(['weeks', w, 'number'], `week ${week.number} stands at place ${w + 1}`, 'Number weeks from 1.');
    for (const [i, id] of week.guides.entries())
      if (!guides.includes(id))
        file.reportAt(['weeks', w, 'guides', i], `there is no guide ${JSON.stringify(id)}`, use);
    checkLabs(week.labs, ['weeks', w, 'labs'], file, labs);
  }
  for (const [i, { week, needs }] of milestones.entries()) {
    if (week > weeks.length)
      file.reportAt(['milestones', i, 'week'], `there is no week ${week}`, `There are ${weeks.length}.`);
    for (const [g, id] of (needs.guides ?? []).entries())
      if (!guides.includes(id))
        file.reportAt(['milestones', i, 'needs', 'guides', g], `there is no guide ${JSON.stringify(id)}`, use);
    checkLabs(needs.labs ?? [], ['milestones', i, 'needs', 'labs'], file, labs);
  }
}

function checkLabs(
  named: readonly { id: string; stages: readonly number[] }[],
  path: readonly PropertyKey[],
  file: PlanFile<Weeks>,
  labs: Catalogue['labs'],
): void {
  for (const [i, { id, stages }] of named.entries()) {
    const lab = labs.find((other) => other.id === id);
    if (lab === undefined)
      file.reportAt([...path, i, 'id'], `there is no lab ${JSON.stringify(id)}`, 'Use an id of plan/catalogue.yaml.');
    for (const [s, stage] of stages.entries())
      if (lab !== undefined && stage > lab.stages.length)
        file.reportAt([...path, i, 'stages', s], `${id} has no stage ${stage}`, `It has ${lab.stages.length}.`);
  }
}

function checkResources(file: PlanFile<Resources>, { groups, labs }: Catalogue): void {
  const guides = groups.flatMap((group) => group.guides.map(({ id }) => id));
  const use = 'Use an id of plan/catalogue.yaml.';
  const { books, courses, blogs, tools } = file.value;
  for (const [list, items] of Object.entries({ books, courses, blogs }))
    for (const [i, item] of items.entries())
      for (const [g, id] of item.guides.entries())
        if (!guides.includes(id)) file.reportAt([list, i, 'guides', g], `there is no guide ${JSON.stringify(id)}`, use);
  for (const [g, group] of tools.entries())
    for (const [t, { runs }] of group.tools.entries())
      for (const [l, id] of runs.labs.entries())
        if (!labs.some((lab) => lab.id === id))
          file.reportAt(['tools', g, 'tools', t, 'runs', 'labs', l], `there is no lab ${JSON.stringify(id)}`, use);
}

function checkTopics(file: PlanFile<Placement>): void {
  const { topics, questions } = file.value;
  once(
    topics.map(({ id }, t) => ({ id, path: ['topics', t, 'id'] })),
    file,
  );
  once(
    questions.map(({ id }, q) => ({ id, path: ['questions', q, 'id'] })),
    file,
  );
  for (const [t, { id }] of topics.entries())
    if (!questions.some(({ topic }) => topic === id))
      file.reportAt(['topics', t, 'id'], `nothing is asked about ${JSON.stringify(id)}`, 'Add a question.');
  for (const [q, { topic, options }] of questions.entries()) {
    if (!topics.some(({ id }) => id === topic))
      file.reportAt(['questions', q, 'topic'], `there is no topic ${JSON.stringify(topic)}`, 'Use an id of this file.');
    if (options.filter(({ right }) => right === true).length !== 1)
      file.reportAt(['questions', q, 'options'], 'not exactly one option is right', 'Mark one with right: true.');
    for (const [o, { right, why }] of options.entries())
      if (right !== true && why === undefined)
        file.reportAt(['questions', q, 'options', o], 'a wrong option says nothing', 'Add why: it is not right.');
  }
}

function once(entries: readonly { id: string; path: readonly PropertyKey[] }[], file: PlanFile<unknown>): void {
  const seen = new Set<string>();
  for (const { id, path } of entries) {
    if (seen.has(id)) file.reportAt(path, `${JSON.stringify(id)} stands twice`, 'Keep one.');
    seen.add(id);
  }
}
