const number = Number(process.argv[2])
const answer = number <= 100
  ? { state: 'success', data: { number, brewedAt: new Date() } }
  : { state: 'failure', data: { message: `${number} is too much for a teapot`, statusCode: 418 } }
console.log(JSON.stringify(answer))
