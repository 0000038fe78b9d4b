namespace SyncCluster.Bench.Chaos;

/// <summary>A task that is called with a number as its only argument, and that counts the runs of each number.</summary>
internal interface IChaosTarget
{
    string Path { get; }

    string Token { get; }

    /// <summary>How long after the last answer a job could still run.</summary>
    TimeSpan Settling { get; }

    /// <summary>What an answer means that does not ask for a retry.</summary>
    Verdict Judge(int call, Attempt answer);

    /// <summary>How often a call has run, by however many jobs. Valid when all jobs have ended.</summary>
    int Runs(int call);

    /// <summary>The jobs of a call that have run, where they are known.</summary>
    string JobsOf(int call);
}

/// <summary>What the answer of a call means.</summary>
internal enum Verdict : byte
{
    /// <summary>There is no answer, or there was none in time.</summary>
    None,

    /// <summary>The output of the call's own job.</summary>
    Right,

    /// <summary>The silo that ran the job has died: the script may have run, and does not run again.</summary>
    SiloDied,

    /// <summary>Any other answer.</summary>
    Wrong,
}
