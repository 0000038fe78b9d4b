using SyncCluster.Jobs;

namespace SyncCluster.Execution;

/// <summary>Why a run was stopped before its end: what becomes of its job, and what the job says instead of an output.</summary>
internal sealed record StopReason
{
    private StopReason(JobState state, string message)
    {
        State = state;
        Message = message;
    }

    /// <summary>Somebody canceled the job.</summary>
    public static StopReason Canceled { get; } = new(JobState.Canceled, "The job was canceled while it ran.");

    public JobState State { get; }

    public string Message { get; }

    /// <summary>The server could not let it go on.</summary>
    /// <param name="message">Why, in words for the task's user.</param>
    public static StopReason Failure(string message) => new(JobState.Failure, message);
}
