import { pino } from 'pino'
import { openBackend } from '../../../relay/backend.ts'
import { buildRelay } from '../../../relay/build.ts'
import { openBus } from '../../../relay/bus/open.ts'
import { loadConfig } from '../../../relay/config.ts'
import { createRelayServer } from '../../../relay/http.ts'
import { RoomOrder } from '../../../relay/room-order.ts'
import { Seat } from '../../../relay/seat.ts'

// relay/main.ts with one sabotage.
const sabotage = process.env.CHAOS_SABOTAGE
if (sabotage === 'skip-holes') skipHoles()
const config = loadConfig()
const log = pino({ level: config.LOG_LEVEL })
const bus = openBus(config.REDIS_URL, log)
const backend = openBackend({ urls: config.SERVER_INTERNAL_URL, secret: config.RELAY_SECRET, log })
const never = { sweepInterval: 24 * 60 * 60 * 1_000 }
const limits = { commandsPerUser: config.RATE_LIMIT_COMMANDS, sendsPerUser: config.RATE_LIMIT_SENDS }
const options = { ...limits, ...(sabotage === 'no-head-sweep' ? never : {}) }
const relay = buildRelay({ backend, bus, log, allowedOrigins: config.ALLOWED_ORIGINS, options })
createRelayServer(relay).listen(config.PORT, config.HOST)
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

/** Sabotage: takes whatever comes for the next, as a relay without the rule of DESIGN §3 would. */
function skipHoles() {
  const { receive } = RoomOrder.prototype
  RoomOrder.prototype.receive = function (event) {
    if (this.applied >= 0 && event.seq > this.applied) this.applied = event.seq - 1
    receive.call(this, event)
  }
  const { give } = Seat.prototype
  Seat.prototype.give = function (event) {
    if (event.seq > this.seq) this.seq = event.seq - 1
    return give.call(this, event)
  }
}
