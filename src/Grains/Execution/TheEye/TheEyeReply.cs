using SyncCluster.Jobs;

namespace SyncCluster.Execution.TheEye;

/// <summary>What TheEye has said to a request.</summary>
internal abstract record TheEyeReply
{
    private TheEyeReply()
    {
    }

    /// <summary>2xx.</summary>
    /// <param name="Body">As it was sent, inflated.</param>
    public sealed record Ok(byte[] Body) : TheEyeReply
    {
        /// <summary>The job whose document the body is; null where it is none.</summary>
        public TheEyeJob? ToJob() => JobDocumentReader.Find(Body)?.ToJob();
    }

    /// <summary>4xx.</summary>
    /// <param name="Status">The status.</param>
    /// <param name="Message">TheEye's own words where it has some.</param>
    public sealed record Refused(int Status, string Message) : TheEyeReply;

    /// <summary>No answer, or none that means anything.</summary>
    /// <param name="Fault">What happened.</param>
    public sealed record Failed(TheEyeFault Fault) : TheEyeReply
    {
        /// <summary>The status, of a <see cref="TheEyeFault.Broken"/>.</summary>
        public int? Status { get; init; }

        /// <summary>Whether the request may have been carried out.</summary>
        public bool MayHaveArrived => Fault != TheEyeFault.Unreachable;
    }
}

internal enum TheEyeFault
{
    /// <summary>No connection: the request was not sent.</summary>
    Unreachable = 0,

    /// <summary>No answer in time.</summary>
    Slow = 1,

    /// <summary>The connection broke before the whole answer was there, or the answer is a 5xx, a redirect, or none of TheEye's.</summary>
    Broken = 2,

    /// <summary>The answer is larger than <see cref="TheEyeOptions.DocumentLimit"/>.</summary>
    TooLarge = 3,
}
