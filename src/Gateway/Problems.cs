using System.Globalization;
using SyncCluster.Execution.TheEye;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Jobs;
using SyncCluster.Scripts;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway;

/// <summary>
/// Every error that the server states on its own account. A message says what is wrong and what to do; it never quotes the request, which may hold
/// secrets.
/// </summary>
internal static class Problems
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InTwoSeconds = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Later = TimeSpan.FromSeconds(5);

    // Paths.
    /// <param name="prefix">The path below which a proxy serves this server.</param>
    public static Problem NoSuchPath(PathString prefix) =>
        new(StatusCodes.Status404NotFound, $"There is nothing at this path. {prefix}/docs says what there is.");

    public static Problem NoSuchTask { get; } = new(StatusCodes.Status404NotFound, "There is no such task.");

    public static Problem SeveralTasks { get; } = new(
        StatusCodes.Status409Conflict, "Several tasks have this name. Update the one that is meant by its id, with PUT.");

    /// <summary>Of a recipe that was to make another task.</summary>
    public static Problem TaskExists { get; } = new(
        StatusCodes.Status409Conflict, "There is a task of this name already, and nothing was done. Choose the file again to update that task.");

    public static Problem NoSuchJob { get; } =
        new(StatusCodes.Status404NotFound, "There is no such job: its id is wrong, or its record has expired or was removed.");

    /// <param name="method">The request's method.</param>
    public static Problem WrongMethod(string method) => new(
        StatusCodes.Status405MethodNotAllowed,
        $"This path does not take {(method.Length <= 16 && method.All(char.IsAsciiLetter) ? method : "this method")}: see the Allow header.");

    // Tokens, secrets, origins.
    public static Problem NoToken { get; } = new(
        StatusCodes.Status401Unauthorized,
        "There is no access token. Send it as ?access_token=…, as Authorization: Bearer …, or as access_token in the body.");

    public static Problem TokenTwice { get; } = Bad(
        "The access token is given more than once. Send it in one place: `Authorization: Bearer …`, `?access_token=…` or the body.");

    public static Problem UnknownToken { get; } = new(StatusCodes.Status401Unauthorized, "The access token is unknown or has expired.");

    public static Problem OtherCustomer { get; } = new(
        StatusCodes.Status403Forbidden, "The token's current customer is not the one of the path.", "EORACC");

    public static Problem NotOnTaskList { get; } = new(StatusCodes.Status403Forbidden, "You are not on the access list of this task.");

    public static Problem NotOnJobList { get; } = new(StatusCodes.Status403Forbidden, "You are not on the access list of this job's task.");

    /// <summary>It does not say which of the two is wrong.</summary>
    public static Problem WrongSecret { get; } = new(StatusCodes.Status401Unauthorized, "The task or its secret is wrong.");

    public static Problem OtherOrigin { get; } = new(
        StatusCodes.Status403Forbidden,
        "Web pages of this origin may not change tasks. Add it to Cors:AllowedOrigins, or call from outside a browser.");

    public static Problem OtherHost { get; } = new(
        StatusCodes.Status403Forbidden, "Without configured customers this server answers only to a loopback host such as 127.0.0.1 or localhost.");

    public static Problem OtherPage { get; } = new(
        StatusCodes.Status403Forbidden,
        "Without configured customers this server answers only web pages of a loopback origin such as http://localhost, and callers outside a browser.");

    public static Problem OtherMachine { get; } = new(
        StatusCodes.Status403Forbidden,
        "Without configured customers this server answers only this machine, and a header of the request says that it was forwarded for another one.");

    public static Problem Below(Credential needed) =>
        new(StatusCodes.Status403Forbidden, $"This needs the credential {needed.ToString().ToLowerInvariant()} or a higher one.");

    /// <param name="wait">After how long the address gets a 401 again.</param>
    public static Problem TooManyFailures(TimeSpan wait) => new(
        StatusCodes.Status429TooManyRequests,
        "Too many requests from your address had an unknown token or a wrong secret. One with a valid token is always answered.")
    { RetryAfter = wait };

    public static Problem NoTaskNamed { get; } = new(
        StatusCodes.Status400BadRequest, "Name the task by its id, as task beside task_arguments in the body, or in the query.");

    // The console.
    public static Problem NoSuchPage { get; } = new(StatusCodes.Status404NotFound, "There is no such page.");

    public static Problem NotSignedIn { get; } = new(StatusCodes.Status401Unauthorized, "You are not signed in, or your session has ended. Sign in again.");

    public static Problem NotFromConsole { get; } = Bad(
        "The request did not come from a page of this console that is still good. Nothing was done: load the page again, and repeat it there.");

    public static Problem OfUsersOnly { get; } = new(
        StatusCodes.Status403Forbidden, "You have signed in with the operator's token, which belongs to no customer. Sign in with a user's token to see this.");

    public static Problem BadRange { get; } = Bad(
        "From and to are days such as 2026-01-31, or times such as 2026-01-31T10:00Z. A time of the day alone is none: give its day as well.");

    public static Problem EmptyRange { get; } = Bad("The time that you ask for ends before it begins. Swap from and to.");

    public static Problem NoJobChosen { get; } = Bad("No job is chosen. Go back, and check the boxes of those that you mean.");

    /// <param name="limit">How many may be chosen.</param>
    public static Problem TooManyJobsChosen(int limit) => Bad($"More than {limit} jobs are chosen: choose fewer.");

    public static Problem OfOperatorOnly { get; } = new(
        StatusCodes.Status403Forbidden, "Silos are drained by the operator: sign in with the operator's token.");

    public static Problem NotDrainedAlone { get; } = new(
        StatusCodes.Status409Conflict, "This server is one process: no other server could go on with its jobs. Stop it with SIGTERM: it drains then.");

    public static Problem LastSilo { get; } = new(
        StatusCodes.Status409Conflict, "This is the only active silo: no other silo could run what it hands over. Start another one first.");

    public static Problem NoSuchSilo { get; } = new(StatusCodes.Status404NotFound, "There is no such silo, or it has left the cluster.");

    public static Problem SiloSilent { get; } = TryAgain("The silo has not answered. It may drain all the same: look at the cluster's page, and try again.");

    // Bodies.
    public static Problem TooManyBodies { get; } = TryAgain(
        "Too many bodies of clients that are not known yet are on their way to this server. Send the token as Authorization: Bearer …, or try again.");

    public static Problem BodyTooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, "What was sent is larger than this server takes: send less, or a smaller file.");

    public static Problem TooLargeToLookForToken { get; } = new(
        StatusCodes.Status413PayloadTooLarge,
        "The body is too large to look for a token in it. Send the token as Authorization: Bearer …, or as ?access_token=….");

    public static Problem UnknownContentCoding { get; } = new(
        StatusCodes.Status415UnsupportedMediaType, $"The Content-Encoding is not understood. Send the body as it is, or in one of: {ContentCoding.Understood}.")
    { AcceptEncoding = ContentCoding.Understood };

    public static Problem CorruptBody { get; } = Bad("The body can't be decoded: it is not what its Content-Encoding says, or was cut off.");

    public static Problem NotUtf8 { get; } = Bad("The body is not valid UTF-8.");

    public static Problem FormNotUtf8 { get; } = Bad("The form is not valid UTF-8.");

    public static Problem JsonSentAsForm { get; } =
        Bad("The body is JSON but was sent as a form. Send the header `Content-Type: application/json` with it.");

    public static Problem TokenTwiceInBody { get; } = Bad("The body has `access_token` twice.");

    public static Problem TokenNotString { get; } = Bad("`access_token` must be a string.");

    public static Problem TooManyFields { get; } =
        Bad(string.Create(CultureInfo.InvariantCulture, $"More than {ArgumentFields.Max} fields. Send many arguments as JSON."));

    public static Problem RecipeNotJson { get; } =
        new(StatusCodes.Status415UnsupportedMediaType, "Send the recipe as `Content-Type: application/json`.");

    public static Problem NoRecipeFile { get; } = Bad("Choose the file of a recipe: JSON, as an export gives it. Nothing was done.");

    public static Problem NotConfirmed { get; } = Bad("Say that the task is to be deleted. Nothing was done.");

    /// <param name="status">The status that the web server gives: 400 or 408.</param>
    public static Problem UnreadableRequest(int status) =>
        new(status, "The request could not be read: it is malformed, or its body came too slowly or was cut off.");

    /// <param name="fault">What is wrong with the type, as a sentence.</param>
    public static Problem UnsupportedMediaType(string fault) => new(
        StatusCodes.Status415UnsupportedMediaType,
        $"{fault} Send `Content-Type: application/json` with JSON, or `application/x-www-form-urlencoded` with a form.");

    /// <summary>It says where the JSON is malformed, but not how: the reader's own message quotes the body.</summary>
    public static Problem MalformedJson(System.Text.Json.JsonException fault) => Bad(string.Create(
        CultureInfo.InvariantCulture, $"The body is not valid JSON: line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}."));

    public static Problem TooDeep(int maxDepth) => Bad(string.Create(CultureInfo.InvariantCulture, $"The arguments nest deeper than {maxDepth} levels."));

    public static Problem BadPosition(string name) => Bad(string.Create(
        CultureInfo.InvariantCulture, $"`{name}[N]` takes a place from 0 to {ArgumentFields.Max - 1}. Send nested arguments as JSON."));

    public static Problem PositionTwice(string name, int position) =>
        Bad(string.Create(CultureInfo.InvariantCulture, $"`{name}[{position}]` is given twice."));

    // Calls.
    public static Problem KeyTwice { get; } = Bad("Send one Idempotency-Key.");

    public static Problem KeyMalformed { get; } =
        Bad("The Idempotency-Key must be 1 to 255 visible ASCII characters, bare or as a quoted string.");

    public static Problem KeyWithCancelOnDisconnect { get; } = Bad(
        "A call that may be repeated can't be canceled when its client disconnects: send either an Idempotency-Key or cancel_on_disconnect.");

    public static Problem NoSuchParent { get; } = Bad(
        $"{JobToken.Header} must be the {JobToken.Variable} of a job of this customer whose script runs. Nothing was run: send the call from that script, or without the header.");

    public static Problem NestedTooDeep { get; } = new(StatusCodes.Status422UnprocessableEntity, string.Create(
        CultureInfo.InvariantCulture,
        $"{JobSpec.MaxDepth + 1} scripts wait for one another already, each for a call of its own, and no more may. Nothing was run: call the task from one of the outer scripts."));

    public static Problem WaitsForItself { get; } = new(
        StatusCodes.Status422UnprocessableEntity,
        "This task runs one job at a time, and one of its jobs waits for this call: it would wait for itself. Nothing was run.");

    public static Problem NotCancellable { get; } = new(
        StatusCodes.Status403Forbidden, "This task's jobs may be canceled by an administrator only: call it without cancel_on_disconnect.");

    public static Problem NothingToResume { get; } = new(
        StatusCodes.Status404NotFound,
        "Last-Event-ID names a job that has expired, or that you may not see as a job of this task. Nothing was run: to run the task again, send the call without the header.");

    public static Problem ResumeAtEvents { get; } = new(
        StatusCodes.Status404NotFound,
        "A call by a task's secret is not resumed by sending it again. Nothing was run: send Last-Event-ID to the address `events` of the event `job`.");

    public static Problem MalformedPolling { get; } =
        Bad("`counter`, `limit` and `timeout` are whole numbers, each given once, of at most 9 digits.");

    // Lists of jobs.
    public static Problem BadWhere { get; } = Bad(
        "`where` takes plain values of task_id, state, lifecycle, user.username and restarted_from, 100 at most: `where[state]=failure`, or "
        + "`where[state][]=failure` for each of several. It knows no operators.");

    public static Problem BadSort { get; } =
        Bad("Jobs are sorted by the time of their calls only: `sort[creation_date]=1`, or `-1` for the newest first.");

    public static Problem BadInclude { get; } = Bad("`include[member]` is 1 for what is to be shown, or 0 for what is not.");

    public static Problem BadTimes { get; } = Bad("`since` and `until` are times such as 2026-01-31T12:00:00Z, each given once.");

    public static Problem BadPage { get; } =
        Bad("`limit` is a number from 1 on, `skip` one up to 1000000, each given once; with a `cursor` there is no `skip`.");

    public static Problem BadCursor { get; } = Bad("`cursor` must be the `Next-Cursor` of an answer.");

    /// <param name="size">The bytes that the call would take in its job's document.</param>
    public static Problem CallTooLarge(long size) => new(
        StatusCodes.Status413PayloadTooLarge,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The arguments and the task's environment would take {size} bytes in the job's document, and may take {JobDocument.CallLimit}. Nothing was run."));

    /// <summary>The task's arguments do not bind.</summary>
    public static Problem InvalidArguments(string message) => Bad(message);

    /// <summary>The task, or the server, takes only arguments that fit their definitions.</summary>
    public static Problem ArgumentsDoNotFit(IReadOnlyList<ArgumentFault> faults)
    {
        const int Shown = 20;
        var more = faults.Count > Shown ? string.Create(CultureInfo.InvariantCulture, $" {faults.Count - Shown} more do not fit.") : "";
        return Bad($"The arguments do not fit, and nothing was run. {string.Join(' ', faults.Take(Shown).Select(fault => $"{fault}."))}{more}") with
        {
            Arguments = [.. faults.Take(Shown)],
        };
    }

    /// <summary>The script of the task could not be started with the arguments.</summary>
    /// <param name="excess">The beginning of the sentence: <see cref="ArgumentLimits.Excess"/>.</param>
    public static Problem ArgumentsTooLong(string excess) => new(
        StatusCodes.Status413PayloadTooLarge,
        $"{excess}. Nothing was run: send what is long as an argument of type file (data:…;base64,…), or have the script load it.");

    /// <summary>A recipe that is no JSON object, or can't be run here.</summary>
    public static Problem InvalidRecipe(int status, string message) => new(status, message);

    // Limits.
    public static Problem TooManyWaiters { get; } = new(
        StatusCodes.Status503ServiceUnavailable, "Too many requests wait at this server already. This one has done nothing: try again.")
    { RetryAfter = Later };

    /// <param name="quota">How many requests of the customer may wait at once.</param>
    public static Problem TooManyWaitersOfCustomer(int quota) => new(
        StatusCodes.Status429TooManyRequests,
        string.Create(CultureInfo.InvariantCulture, $"The customer may have {quota} requests waiting here at once, and has. This one has done nothing: try again."))
    {
        RetryAfter = Later,
        RateLimit = RateLimitHeaders.UsedUp("waiters", quota),
    };

    public static Problem TooManyCalls(RateLimit rate) =>
        new(StatusCodes.Status429TooManyRequests, "This customer's requests per second are used up. Nothing was run: try again.")
        {
            RetryAfter = rate.Next,
            RateLimit = rate.Headers(0),
        };

    // The server and the cluster.
    public static Problem Unreachable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "The cluster or its storage can't be reached. Try again.") { RetryAfter = InTwoSeconds };

    public static Problem ServerFault { get; } =
        new(StatusCodes.Status500InternalServerError, "The server has failed at this request. Its log says why.");

    // Jobs.
    public static Problem RecordLost(string jobId) =>
        new(StatusCodes.Status502BadGateway, "The job was started, but the storage has lost its record.") { JobId = jobId };

    public static Problem UnreadableDocument(string jobId, string location) =>
        new(StatusCodes.Status502BadGateway, "The job's document can't be read.") { JobId = jobId, Location = location };

    public static Problem WaitEnded(string jobId, string location) => GoOn(
        StatusCodes.Status504GatewayTimeout,
        "The wait has ended before the job, which goes on. Do not send the call again: ask for its result at the address in Location.",
        jobId,
        location,
        Soon);

    /// <summary>The last wait of a chain of redirects has ended.</summary>
    public static Problem LastPollEnded(string jobId, string location) => GoOn(
        StatusCodes.Status408RequestTimeout,
        "The last wait has ended before the job, which goes on. Do not send the call again: ask for its result at the address in Location.",
        jobId,
        location,
        Soon);

    public static Problem Draining(string jobId, string location) => GoOn(
        StatusCodes.Status503ServiceUnavailable,
        "The server is stopping before the job has ended. Do not send the call again: ask for its result at the address in Location.",
        jobId,
        location,
        Later);

    public static Problem OutcomeUnknown(string jobId, string location) => GoOn(
        StatusCodes.Status503ServiceUnavailable,
        "The cluster can't be reached, and it is not known whether the job was started. Ask for its result at the address in Location before you send the call again.",
        jobId,
        location,
        Later);

    public static Problem AdministratorsOnly(string jobId, string location) =>
        new(StatusCodes.Status403Forbidden, "This task's jobs may be canceled by an administrator only.") { JobId = jobId, Location = location };

    /// <param name="jobId">The job.</param>
    /// <param name="location">The address of its result.</param>
    /// <param name="lifecycle">How it has ended: the caller may have canceled it before, and not got the answer.</param>
    public static Problem JobHasEnded(string jobId, string location, string lifecycle) =>
        new(StatusCodes.Status409Conflict, "The job has ended already.") { JobId = jobId, Location = location, Lifecycle = lifecycle };

    public static Problem JobHasNotEnded(string jobId, string location) =>
        new(StatusCodes.Status409Conflict, "The job has not ended, and only one that has ended can be restarted.")
        {
            JobId = jobId,
            Location = location,
        };

    public static Problem BadRemoval { get; } =
        Bad("`lifecycle[]` takes `ready`, beside the lifecycles of jobs that have ended. A job that runs is canceled first.");

    public static Problem BadCaller { get; } = Bad("`caller` is the name of the user whose jobs are to be removed, and is given once.");

    public static Problem JobRemoved(string jobId) => new(
        StatusCodes.Status410Gone,
        "The job was removed, and its answer with it. A call with its Idempotency-Key does not run the task again: send a new key for a new call.")
    {
        JobId = jobId,
    };

    /// <summary>What came of removing a job.</summary>
    /// <param name="removal">The reply of its grain.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="location">The address of its result.</param>
    /// <param name="now">The time.</param>
    /// <returns>Null: it is removed.</returns>
    public static Problem? Of(Removal removal, string jobId, string location, DateTimeOffset now) => removal switch
    {
        Removal.Removed => null,
        Removal.AlreadyRemoved => JobRemoved(jobId),
        Removal.NotFound => NoSuchJob,
        Removal.Unfinished => new(StatusCodes.Status409Conflict, "The job has not ended, and only one that has ended can be removed. Cancel it first.")
        {
            JobId = jobId,
            Location = location,
        },
        Removal.Recent { RemovableFrom: var from } => new(
            StatusCodes.Status409Conflict,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The job has ended just now: its call, or a request that waits for it, may still be on the way. It can be removed from {from.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} on."))
        {
            JobId = jobId,
            Location = location,
            RetryAfter = from - now,
        },
        _ => Unreachable,
    };

    public static Problem StillStopping(string jobId, string location) => GoOn(
        StatusCodes.Status504GatewayTimeout,
        "The job was told to stop, and has not ended yet. Ask for its result at the address in Location, or cancel it again.",
        jobId,
        location,
        Soon);

    public static Problem RunnerUnreachable(string jobId, string location) => GoOn(
        StatusCodes.Status503ServiceUnavailable, "The job's runner or the storage can't be reached. Try again.", jobId, location, Later);

    /// <summary>What the job's grain has replied, where it is not an answer to the caller.</summary>
    /// <param name="reply">Neither a job that goes on nor one that has an answer.</param>
    /// <param name="jobId">The job.</param>
    /// <param name="location">The address of its result.</param>
    public static Problem Of(JobReply reply, string jobId, string location) => reply switch
    {
        JobReply.Finished { Job.IsRemoved: true } => JobRemoved(jobId),
        JobReply.Finished { Job.Fault: { } fault } => new(StatusCodes.Status502BadGateway, fault) { JobId = jobId, Location = location },
        JobReply.IdempotencyConflict => new(
            StatusCodes.Status422UnprocessableEntity,
            "This Idempotency-Key was sent before with other arguments. Send a new key for a new call; the answer to the earlier one is at the address in Location.")
        {
            JobId = jobId,
            Location = location,
        },
        JobReply.QueueFull => TryAgain("Too many jobs are waiting for their turn. Nothing was run: try again."),
        JobReply.QuotaExceeded { By: QuotaScope.StoredBytes, Limit: var mebibytes } => new(
            StatusCodes.Status429TooManyRequests,
            string.Create(
                CultureInfo.InvariantCulture,
                $"The customer's jobs may take {mebibytes} MiB in the storage, and do, those that have ended included. Nothing was run: try again when the oldest have expired."))
        {
            RetryAfter = Later,
            RateLimit = RateLimitHeaders.UsedUp("stored-mebibytes", mebibytes),
        },
        JobReply.QuotaExceeded exceeded => new(
            StatusCodes.Status429TooManyRequests,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{(exceeded.By == QuotaScope.Customer ? "The customer" : "The task")} may have {exceeded.Limit} jobs queued or running at once, and has. Nothing was run: try again when one has ended."))
        {
            RetryAfter = Soon,
            RateLimit = RateLimitHeaders.UsedUp(exceeded.By == QuotaScope.Customer ? "jobs" : "jobs-of-task", exceeded.Limit),
        },
        JobReply.StorageFull => TryAgain(
            "The storage is nearly full, and what is left is kept for the jobs that run, and for customers that have stored less. Nothing was run: try again later."),
        JobReply.Unavailable => TryAgain("The cluster or its storage can't be reached. Nothing was run: try again."),
        _ => NoSuchJob,
    };

    // The operator.
    public static Problem NotTheOperator { get; } = new(
        StatusCodes.Status401Unauthorized, "This is for the operator. Send the operator's token as `Authorization: Bearer …`.");

    public static Problem NoOperatorToken { get; } = new(
        StatusCodes.Status401Unauthorized, "This is for the operator, and the server has no operator's token: set Operator:TokenSha256.");

    public static Problem NothingKept { get; } = new(
        StatusCodes.Status409Conflict, "This server keeps nothing (Storage:Path is :memory:), so there is nothing to back up.");

    public static Problem NoRoomForBackUp { get; } = TryAgain("The back-up could not be written beside the storage: there must be room for it.");

    private static Problem Bad(string message) => new(StatusCodes.Status400BadRequest, message);

    private static Problem TryAgain(string message) => new(StatusCodes.Status503ServiceUnavailable, message) { RetryAfter = Later };

    private static Problem GoOn(int status, string message, string jobId, string location, TimeSpan retryAfter) =>
        new(status, message) { JobId = jobId, Location = location, RetryAfter = retryAfter };

    /// <summary>What is stated of TheEye, where that runs the jobs. Its own refusals pass through with their status and message.</summary>
    internal static class TheEye
    {
        private const string Supervisor = "TheEye's supervisor";
        private const string Refusals = " (it never does if the task's access list refuses the request)";

        public static Problem NoServiceToken { get; } = new(
            StatusCodes.Status501NotImplemented,
            "This server takes no calls by a task's secret for this customer: its operator has to give it a token of TheEye (TheEye:ServiceTokens:CUSTOMER).");

        public static Problem TasksAreElsewhere { get; } = new(
            StatusCodes.Status501NotImplemented, "TheEye has the tasks of this server: import, update, list and delete them there.");

        public static Problem JobsAreElsewhere { get; } = new(
            StatusCodes.Status501NotImplemented, "TheEye has the jobs of this server: restart and delete them there.");

        /// <summary>There it is no list: it would take a job out of the queue.</summary>
        public static Problem QueueIsElsewhere { get; } = new(
            StatusCodes.Status501NotImplemented, "With the credential agent TheEye gives a job to run here, and no list: agents ask TheEye itself.");

        /// <summary>The gateway stops while the call waits until its job may be created.</summary>
        public static Problem StoppingInQueue { get; } = new(
            StatusCodes.Status503ServiceUnavailable, "The server is stopping. Nothing was run: try again.")
        { RetryAfter = InTwoSeconds };

        /// <summary>The call's time was over before its job could be created.</summary>
        /// <param name="kept">How many of the task's newest jobs TheEye keeps.</param>
        public static Problem TooManyUnread(int kept) => new(
            StatusCodes.Status503ServiceUnavailable,
            string.Create(
                CultureInfo.InvariantCulture,
                $"TheEye keeps only the newest {kept} jobs of this task, and earlier ones have not ended: one more would have their answers deleted. ")
            + "Nothing was run: try again later, or turn the task's autoremove_completed_jobs off at TheEye, or raise its limit.")
        {
            RetryAfter = InTwoSeconds,
        };

        /// <summary>TheEye's gateway was asked to check a token.</summary>
        public static Problem OfToken(TheEyeReply reply) =>
            Of("TheEye's gateway", reply, "", "The token could not be checked, and nothing was run: try again.");

        /// <summary>The supervisor was asked to create a job. A job that it has created all the same does nothing.</summary>
        public static Problem OfCreate(TheEyeReply reply) => Of(Supervisor, reply, Refusals, "Nothing was run: try again.");

        /// <summary>The supervisor was asked about jobs.</summary>
        public static Problem OfJob(TheEyeReply reply) => Of(Supervisor, reply, Refusals, "Try again.");

        /// <param name="program">Who was asked.</param>
        /// <param name="reply">The reply.</param>
        /// <param name="silence">What may be the cause if there was none.</param>
        /// <param name="consequence">What follows for the caller.</param>
        private static Problem Of(string program, TheEyeReply reply, string silence, string consequence)
        {
            return reply switch
            {
                TheEyeReply.Refused { Status: StatusCodes.Status429TooManyRequests } refused => new(refused.Status, refused.Message) { RetryAfter = InTwoSeconds },
                TheEyeReply.Refused refused => new(refused.Status, refused.Message),
                TheEyeReply.Failed { Fault: TheEyeFault.Unreachable } => Failed(StatusCodes.Status502BadGateway, "can't be reached"),
                TheEyeReply.Failed { Fault: TheEyeFault.Slow } => Failed(StatusCodes.Status504GatewayTimeout, $"has not answered in time{silence}"),
                TheEyeReply.Failed { Fault: TheEyeFault.TooLarge } =>
                    Failed(StatusCodes.Status502BadGateway, "has answered with more than this server takes (TheEye:DocumentLimit)"),
                TheEyeReply.Failed { Status: { } status } => Failed(StatusCodes.Status502BadGateway, $"has failed with status {status}"),
                TheEyeReply.Failed => Failed(StatusCodes.Status502BadGateway, "has broken off its answer"),
                _ => Failed(StatusCodes.Status502BadGateway, "has given an answer that can't be read"),
            };

            Problem Failed(int status, string what) => new(status, $"{program} {what}. {consequence}") { RetryAfter = InTwoSeconds };
        }
    }
}
