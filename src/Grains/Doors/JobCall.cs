using SyncCluster.Jobs;

namespace SyncCluster.Doors;

/// <summary>A call to the grain of a job, as one of many in a message to a silo's door.</summary>
/// <param name="Key">The job's <see cref="JobKey"/>.</param>
[GenerateSerializer, Immutable, Alias("sync.door.call")]
public abstract record JobCall([property: Id(0)] string Key)
{
    /// <summary>About how many bytes the call takes.</summary>
    internal virtual int Size => 0;

    /// <summary><see cref="IJobGrain.Submit"/>, or <see cref="IJobGrain.SubmitIfCurrent"/> if there is a revision.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.call.submit")]
    public sealed record Submit(
        string Key,
        [property: Id(0)] JobSpec Spec,
        [property: Id(1)] Subscription Subscription,
        [property: Id(2)] DateTimeOffset ValidUntil,
        [property: Id(3)] Guid? TaskRevision) : JobCall(Key)
    {
        internal override int Size => Spec.Arguments.Length;

        /// <summary>Makes the call.</summary>
        internal Task<JobReply> ToAsync(IJobGrain job) => TaskRevision is { } revision
            ? job.SubmitIfCurrent(Spec, Subscription, ValidUntil, revision)
            : job.Submit(Spec, Subscription, ValidUntil);
    }

    /// <summary><see cref="IJobGrain.Attach"/>.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.call.attach")]
    public sealed record Attach(string Key, [property: Id(0)] Subscription? Subscription, [property: Id(1)] Reading Reading) : JobCall(Key);

    /// <summary><see cref="IJobGrain.Complete"/>.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.call.complete")]
    public sealed record Complete(string Key, [property: Id(0)] Guid Run, [property: Id(1)] JobOutcome Outcome) : JobCall(Key)
    {
        internal override int Size => (Outcome.Output?.Length ?? 0) + (Outcome.Result?.Length ?? 0);
    }
}

/// <summary>What came of a <see cref="JobCall"/>.</summary>
/// <param name="Call">The call's index in its message.</param>
[GenerateSerializer, Immutable, Alias("sync.door.answer")]
public abstract record CallAnswer([property: Id(0)] int Call)
{
    /// <summary>About how many bytes the answer takes.</summary>
    internal virtual int Size => 0;

    /// <summary>The reply to a submit or an attach.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.answer.replied")]
    public sealed record Replied(int Call, [property: Id(0)] JobReply Reply) : CallAnswer(Call)
    {
        internal override int Size => Reply is JobReply.Finished { Job.Document: var document } ? document.Length : 0;
    }

    /// <summary>The reply to the report of an end.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.answer.completed")]
    public sealed record Completed(int Call, [property: Id(0)] Completion Completion) : CallAnswer(Call);

    /// <summary>The call has failed, or it is not known whether it was made: make it at the job's grain itself.</summary>
    [GenerateSerializer, Immutable, Alias("sync.door.answer.failed")]
    public sealed record Failed(int Call) : CallAnswer(Call);
}
