using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

/// <summary>TheEye's reply to a request.</summary>
internal abstract record TheEyeReply
{
    private TheEyeReply()
    {
    }

    /// <summary>2xx.</summary>
    /// <param name="Body">The body, inflated.</param>
    public sealed record Ok(byte[] Body) : TheEyeReply
    {
        /// <summary>The job whose document the body is; null if it is none.</summary>
        public TheEyeJob? ToJob() => JobDocumentReader.Find(Body)?.ToJob();
    }

    /// <summary>4xx.</summary>
    /// <param name="Status">The status.</param>
    /// <param name="Message">TheEye's message; a general one if TheEye has sent none.</param>
    public sealed record Refused(int Status, string Message) : TheEyeReply;

    /// <summary>No answer, or one that can't be used.</summary>
    /// <param name="Fault">The kind of failure.</param>
    public sealed record Failed(TheEyeFault Fault) : TheEyeReply
    {
        /// <summary>The status, if the fault is <see cref="TheEyeFault.Broken"/> and there is one.</summary>
        public int? Status { get; init; }

        /// <summary>Whether the request may have been carried out.</summary>
        public bool MayHaveArrived => Fault != TheEyeFault.Unreachable;
    }
}

/// <summary>Why TheEye has given no answer that can be used.</summary>
internal enum TheEyeFault
{
    /// <summary>No connection: the request was not sent.</summary>
    Unreachable = 0,

    /// <summary>No answer in time.</summary>
    Slow = 1,

    /// <summary>The connection broke before the answer was complete, or the answer is a 5xx, a redirect, or not one of TheEye's.</summary>
    Broken = 2,

    /// <summary>The answer is larger than <see cref="TheEyeOptions.DocumentLimit"/>.</summary>
    TooLarge = 3,
}
