using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>Why a run was stopped before its end: the state of its job, and the message that the job has instead of an output.</summary>
internal sealed record StopReason
{
    private StopReason(JobState state, string message)
    {
        State = state;
        Message = message;
    }

    /// <summary>The job was canceled.</summary>
    public static StopReason Canceled { get; } = new(JobState.Canceled, "The job was canceled while it ran.");

    public JobState State { get; }

    public string Message { get; }

    /// <summary>The server had to stop the run.</summary>
    /// <param name="message">The reason, as the task's user reads it.</param>
    public static StopReason Failure(string message) => new(JobState.Failure, message);
}
