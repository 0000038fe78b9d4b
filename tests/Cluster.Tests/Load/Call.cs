using System.Diagnostics;

namespace SyncCluster.Cluster.Tests.Load;

/// <summary>A client that waits for a job: the one that called, or one of those that joined.</summary>
/// <param name="id">The call's argument, which no other has.</param>
/// <param name="runsScript">Whether there is a script to run.</param>
/// <param name="joins">Whether somebody else has called.</param>
internal sealed class Call(string id, bool runsScript, bool joins)
{
    private readonly TaskCompletionSource<string> _location = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _hangUp = new();

    public string Id => id;

    public bool RunsScript => runsScript;

    public bool Joins => joins;

    public long Begun { get; } = Stopwatch.GetTimestamp();

    /// <summary>How often it was told to ask again later.</summary>
    public int PutOff { get; set; }

    /// <summary>The job's address; canceled when the call ends without one.</summary>
    public Task<string> Location => _location.Task;

    public Task<Answer> Answer { get; set; } = null!;

    public CancellationToken HungUp => _hangUp.Token;

    public bool IsOpen => !Answer.IsCompleted;

    public void HangUp() => _hangUp.Cancel();

    public void Locate(string location) => _location.TrySetResult(location);

    public void NoLocation() => _location.TrySetCanceled();
}

/// <param name="Outcome">What it means.</param>
/// <param name="Status">Of the response; 0 without one.</param>
/// <param name="Body">Of the response.</param>
/// <param name="JobId">Whose answer it is.</param>
/// <param name="Gateway">The process that was asked last.</param>
/// <param name="At">When, by the clock of <see cref="Stopwatch"/>.</param>
internal sealed record Answer(Outcome Outcome, int Status, string Body, string? JobId, int Gateway, long At);
