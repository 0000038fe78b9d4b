namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>What came of a call. A scenario says which of them it allows beside <see cref="Right"/>.</summary>
[Flags]
internal enum Outcome
{
    None = 0,

    /// <summary>200 with the output of the call's own job.</summary>
    Right = 1,

    /// <summary>The answer says that the server of the job is gone.</summary>
    Lost = 2,

    /// <summary>The answer says that the server was stopped while the script ran.</summary>
    Stopped = 4,

    /// <summary>The job was canceled.</summary>
    Canceled = 8,

    /// <summary>503 with Retry-After, and nothing was run. The client may have to read the job's address to know that.</summary>
    Refused = 16,

    /// <summary>The gateway was killed before the client knew the job's address.</summary>
    Unknown = 32,

    /// <summary>The client has disconnected.</summary>
    Disconnected = 64,

    /// <summary>The answer says that TheEye has deleted the result before it was read.</summary>
    Removed = 128,

    /// <summary>Anything else.</summary>
    Wrong = 256,
}
