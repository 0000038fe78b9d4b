using SyncCluster.Gateway.Answers;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Waiting;

namespace SyncCluster.Gateway.Backends;

/// <summary>What has the tasks, creates their jobs and says who may see a job: this cluster itself, or TheEye.</summary>
internal interface ITaskBackend
{
    /// <summary>The customers that the configuration names.</summary>
    IReadOnlyCollection<string> Customers { get; }

    /// <summary>Whether <see cref="CheckSecretAsync"/> tells if a secret is right. If not, only <see cref="AllocateAsync"/> does.</summary>
    bool ChecksSecrets { get; }

    /// <summary>How much of the documents of jobs a caller may see.</summary>
    /// <param name="caller">Null for a request that has shown a secret.</param>
    DocumentForm FormFor(Caller? caller);

    /// <summary>Checks a call by a task's secret before its body is read.</summary>
    /// <returns>Why the call is refused; null if it is not.</returns>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    Task<Problem?> CheckSecretAsync(string customer, string task, string secret, Deadline deadline, CancellationToken aborted);

    /// <summary>Creates a job that does nothing yet, or finds the job of an earlier call with the same <c>Idempotency-Key</c>.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    Task<Allocation> AllocateAsync(TaskInvocation invocation, Deadline deadline, CancellationToken aborted);

    /// <summary>
    /// Submits a job that was allocated, and waits for it. If it is certain that it will not run, nothing is left of it. If its
    /// <see cref="WaitResult.TaskChanged"/>, it is to be allocated again, under its id (<see cref="TaskInvocation.JobId"/>).
    /// </summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    Task<JobWait> SubmitAsync(Allocation.Allocated job, string? token, WaitDeadlines deadlines, CancellationToken aborted);

    /// <summary>Waits for a job that a caller asks for.</summary>
    /// <exception cref="OperationCanceledException">The client has disconnected.</exception>
    Task<JobWait> AttachAsync(JobRequest request, WaitDeadlines deadlines, CancellationToken aborted);

    /// <summary>Reads a job as a caller may see it.</summary>
    Task<Result<JobView>> ReadAsync(JobRequest request, CancellationToken aborted);

    /// <summary>Ends a job that waits, and tells a job that runs to stop. Only the end that is stored then says whether the job is canceled.</summary>
    /// <returns>Why it is refused; null if it is not, or if the job has just ended.</returns>
    Task<Problem?> CancelAsync(JobRequest request, CancellationToken aborted);
}
