namespace SyncCluster.Bench;

/// <summary>What is called, each time with a number for its only argument, and how often each number was run.</summary>
internal interface ICallee
{
    string Path { get; }

    string Token { get; }

    /// <summary>How long after the last answer something could still be run behind its back.</summary>
    TimeSpan Settling { get; }

    /// <summary>What an answer means that is no refusal.</summary>
    Verdict Judge(int call, Attempt answer);

    /// <summary>How often a call was run, whichever jobs that were; to be asked when all have ended.</summary>
    int Runs(int call);

    /// <summary>The jobs of a call that were run, as far as that is known.</summary>
    string JobsOf(int call);
}

/// <summary>What a client makes of an answer.</summary>
internal enum Verdict : byte
{
    /// <summary>There is none yet, or there was none in time.</summary>
    None,

    /// <summary>It is the call's own, and good.</summary>
    Right,

    /// <summary>The silo that ran the call has died: it may have been run, and will not be again.</summary>
    SiloDied,

    /// <summary>It is not what the call was to be answered.</summary>
    Wrong,
}
