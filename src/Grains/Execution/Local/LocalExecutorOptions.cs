using SyncCluster.Jobs;

namespace SyncCluster.Execution.Local;

/// <summary>How a silo runs scripts.</summary>
internal sealed class LocalExecutorOptions
{
    public const string Section = "LocalExecutor";

    /// <summary>
    /// How many scripts run at once on this silo, not counting those that other scripts wait for: of these, as many again on each of
    /// <see cref="JobSpec.MaxDepth"/> depths. Default four per core: most scripts spend most of their time waiting.
    /// </summary>
    public int Concurrency { get; set; } = 4 * Environment.ProcessorCount;

    /// <summary>How many scripts run at once on this silo at most.</summary>
    internal int MaxScripts => Concurrency * (JobSpec.MaxDepth + 1);

    /// <summary>
    /// How many workers are reserved for customers that use less than their share, while several customers call: a customer that calls now and then
    /// does not wait until the scripts of another one have ended. Default an eighth of <see cref="Concurrency"/>, at least 1; 0 if that is less than
    /// 4.
    /// </summary>
    public int? Spare { get; set; }

    /// <summary><see cref="Spare"/>, or its default.</summary>
    internal int ReservedWorkers => Spare ?? (Concurrency < 4 ? 0 : Math.Max(1, Concurrency / 8));

    /// <summary>How many jobs may wait on this silo before it refuses more. Default 1000.</summary>
    public int QueueLimit { get; set; } = 1000;

    /// <summary>How long running scripts may go on when the silo stops, before they are killed. Default 10 s.</summary>
    public TimeSpan DrainTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a script may clean up after SIGTERM before it gets SIGKILL. Default 5 s.</summary>
    public TimeSpan KillGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>What each process of a script may use.</summary>
    public ScriptLimitOptions Limits { get; set; } = new();

    /// <summary>What all processes of a job together may use.</summary>
    public CgroupOptions Cgroup { get; set; } = new();

    /// <summary>
    /// Names of variables in the server's environment that scripts get as well, such as <c>TZ</c>. Default none: those of proxies hold passwords.
    /// </summary>
    public List<string> PassEnvironment { get; set; } = [];

    /// <summary>
    /// The id of the user, and of the group, that each customer's scripts run as, by the customer's name. Default none: all scripts run as the
    /// server's user. If one customer has a user, all need one.
    /// </summary>
    public Dictionary<string, int> Users { get; set; } = [];

    /// <summary>What confines scripts. Default nothing.</summary>
    public ScriptSandbox Sandbox { get; set; }

    /// <summary>Whether scripts in a sandbox may reach the network. Default true.</summary>
    public bool SandboxNetwork { get; set; } = true;

    /// <summary>Absolute paths of files and folders that scripts in a sandbox may read, besides the system's programs. Default none.</summary>
    public List<string> SandboxPaths { get; set; } = [];

    /// <summary>Whether stored jobs end with this process, as in the embedded mode. Set by the host, not by configuration.</summary>
    internal bool JobsEndWithTheProcess { get; set; }

    /// <summary>Absolute paths that scripts in a sandbox find empty, wherever they are. Set by the host, not by configuration.</summary>
    internal List<string> HiddenPaths { get; } = [];
}
