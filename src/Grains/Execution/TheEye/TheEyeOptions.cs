namespace SyncCluster.Execution.TheEye;

/// <summary>
/// The addresses of TheEye, and how requests are made to it. Section <c>TheEye</c>, the same in gateways and silos. Used if <c>Executor</c> is
/// <c>TheEye</c>.
/// </summary>
internal sealed class TheEyeOptions
{
    public const string Section = "TheEye";

    /// <summary>TheEye's gateway, which validates tokens. Default <c>http://127.0.0.1:6080</c>.</summary>
    public Uri Gateway { get; set; } = new("http://127.0.0.1:6080");

    /// <summary>TheEye's supervisor, which has the tasks and the jobs. Default <c>http://127.0.0.1:60080</c>.</summary>
    public Uri Supervisor { get; set; } = new("http://127.0.0.1:60080");

    /// <summary>
    /// TheEye's Redis, where the end of a job is published: a connection string of StackExchange.Redis. Default <c>127.0.0.1:6379</c>.
    /// </summary>
    public string Redis { get; set; } = "127.0.0.1:6379";

    /// <summary>
    /// By the name of a customer, the token of a TheEye user whose current customer it is. It is used if there is no token of a caller: for calls
    /// with a task's secret, and for jobs whose callers have left. Empty by default.
    /// </summary>
    public Dictionary<string, string> ServiceTokens { get; set; } = [];

    /// <summary>How long TheEye may take until its answer begins, half of it until there is a connection, and again until the answer is complete. Default 10 s.</summary>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How long a release may still take effect if it is not known whether it has arrived: longer than twice <see cref="RequestTimeout"/>, and longer
    /// than the supervisor itself may work on a request. A job is released again only if it is still not released after this time. Default 30 s.
    /// </summary>
    public TimeSpan SettleTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The interval at which the supervisor is asked about an unfinished job if Redis announces nothing, with jitter of a fifth. Default 15 s.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The limit of an answer of TheEye in bytes, inflated. Default 32 MiB.</summary>
    public int DocumentLimit { get; set; } = 32 << 20;
}
