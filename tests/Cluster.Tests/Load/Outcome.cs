namespace SyncCluster.Cluster.Tests.Load;

/// <summary>What came of a call. A scenario says which of them, beside <see cref="Right"/>, it allows.</summary>
[Flags]
internal enum Outcome
{
    None = 0,

    /// <summary>200 with its own output.</summary>
    Right = 1,

    /// <summary>Its server is gone, and the answer says so.</summary>
    Lost = 2,

    /// <summary>Its server was told to stop while the script ran, and the answer says so.</summary>
    Stopped = 4,

    /// <summary>Somebody has canceled it.</summary>
    Canceled = 8,

    /// <summary>503 with Retry-After, and nothing was run. It may take a look at the job's address to know that nothing was.</summary>
    Refused = 16,

    /// <summary>Its gateway was killed before the client knew the job's address.</summary>
    Unknown = 32,

    /// <summary>The client has hung up.</summary>
    HungUp = 64,

    /// <summary>TheEye has deleted its answer before anybody read it, and the answer says so.</summary>
    Removed = 128,

    /// <summary>Anything else.</summary>
    Wrong = 256,
}
