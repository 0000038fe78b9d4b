using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Calls;

/// <summary>A client that waits for a job: the one that made the call, or one that has attached to it.</summary>
/// <param name="id">The argument of the call, which no other call has.</param>
/// <param name="runsScript">Whether the job runs a script.</param>
/// <param name="attaches">Whether another client made the call.</param>
internal sealed class Call(string id, bool runsScript, bool attaches)
{
    private readonly TaskCompletionSource<string> _location = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _disconnected = new();

    public string Id => id;

    public bool RunsScript => runsScript;

    public bool Attaches => attaches;

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How many answers told the client to ask again later.</summary>
    public int Retries { get; set; }

    /// <summary>The job's address; canceled when the call ends without one.</summary>
    public Task<string> Location => _location.Task;

    public Task<Answer> Answer { get; set; } = null!;

    public CancellationToken Disconnected => _disconnected.Token;

    public bool IsOpen => !Answer.IsCompleted;

    public void Disconnect() => _disconnected.Cancel();

    public void SetLocation(string location) => _location.TrySetResult(location);

    public void CancelLocation() => _location.TrySetCanceled();
}

/// <param name="Outcome">What it means.</param>
/// <param name="Status">Of the response; 0 without one.</param>
/// <param name="Body">Of the response.</param>
/// <param name="JobId">The job that it is the answer of.</param>
/// <param name="Gateway">The process of the gateway that was asked last.</param>
/// <param name="At">When it came, by the clock of <see cref="Stopwatch"/>.</param>
internal sealed record Answer(Outcome Outcome, int Status, string Body, string? JobId, int Gateway, long At);
