namespace SyncCluster.Execution.TheEye;

/// <summary>Where TheEye is, and how it is talked to. Section <c>TheEye</c>, the same in gateways and silos; in use where <c>Executor</c> is <c>TheEye</c>.</summary>
internal sealed class TheEyeOptions
{
    public const string Section = "TheEye";

    /// <summary>TheEye's gateway, which knows the tokens. Default <c>http://127.0.0.1:6080</c>.</summary>
    public Uri Gateway { get; set; } = new("http://127.0.0.1:6080");

    /// <summary>TheEye's supervisor, which has the tasks and the jobs. Default <c>http://127.0.0.1:60080</c>.</summary>
    public Uri Supervisor { get; set; } = new("http://127.0.0.1:60080");

    /// <summary>TheEye's Redis, where it publishes that a job has ended; as StackExchange.Redis reads it. Default <c>127.0.0.1:6379</c>.</summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>
    /// By the customer's name: a token of a user of TheEye whose current customer it is. It is used where no caller's token is at hand: for calls by
    /// a task's secret, and for jobs whose callers have gone. None by default.
    /// </summary>
    public Dictionary<string, string> ServiceTokens { get; set; } = [];

    /// <summary>How long TheEye may take to begin an answer, and again to end it. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a release of which it is not known whether it arrived may still take effect: longer than twice <see cref="RequestTimeout"/>, and than
    /// what the supervisor itself may take over a request. Only after it is a job that still is not released released again. Default 30 s.
    /// </summary>
    public TimeSpan SettleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often the supervisor is asked for an unfinished job of which Redis says nothing, with a fifth of jitter. Default 15 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Bytes that an answer of TheEye may have, inflated. Default 32 MiB.</summary>
    public int DocumentLimit { get; set; } = 32 << 20;

    /// <summary>What is wrong with the options; null if nothing is.</summary>
    public string? Fault =>
        !IsBase(Gateway) ? "TheEye:Gateway must be an http or https address without query, such as http://127.0.0.1:6080."
        : !IsBase(Supervisor) ? "TheEye:Supervisor must be an http or https address without query, such as http://127.0.0.1:60080."
        : CompletionListener.Read(Redis) is null ? "TheEye:Redis is no connection string. It reads like `localhost:6379` or `redis.internal:6380,ssl=true,password=…`."
        : RequestTimeout <= TimeSpan.Zero || RequestTimeout > TimeSpan.FromMinutes(10) ? "TheEye:RequestTimeout must be above 0 and at most 10 minutes."
        : SettleTime <= (2 * RequestTimeout) + JobReleaser.Window || SettleTime > TimeSpan.FromHours(1)
            ? "TheEye:SettleTime must be at least 4 s longer than twice TheEye:RequestTimeout, and at most an hour."
        : PollInterval <= TimeSpan.Zero || PollInterval > TimeSpan.FromHours(1) ? "TheEye:PollInterval must be above 0 and at most an hour."
        : DocumentLimit <= 0 ? "TheEye:DocumentLimit must be above 0 bytes."
        : ServiceTokens.Values.Any(string.IsNullOrWhiteSpace) ? "TheEye:ServiceTokens: a token is empty."
        : null;

    private static bool IsBase(Uri address) =>
        address is { IsAbsoluteUri: true, Scheme: "http" or "https", Query: "", Fragment: "", UserInfo: "" };
}
