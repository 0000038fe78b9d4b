using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Bench.Chaos;

/// <summary>A task of TheEye. Its jobs output their argument and their own id, and are counted by their argument.</summary>
internal sealed class TheEyeTarget(int calls) : IChaosTarget
{
    private const string Customer = "acme";
    private const int WorkEvery = 8;

    /// <summary>How long some jobs take, so that a killed server has jobs that neither begin nor end at that moment.</summary>
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(50);

    /// <summary>A release of unknown fate is repeated after this time, if a silo that has monitored the job lives that long. With the default few do here.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(9);

    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// It keeps all its jobs, as <c>docs/theeye.md</c> advises for a task that is called often: else all calls would stand still whenever the silo with
    /// its queue dies.
    /// </summary>
    private readonly TheEyeTask _task = new() { ArgumentCount = 1, AutoremoveCompletedJobs = false };
    private readonly int[] _runs = new int[calls];
    private readonly string?[] _jobs = new string?[calls];
    private readonly ConcurrentQueue<(int Call, string Job)> _repeated = new();

    /// <inheritdoc/>
    public string Path => $"/{Customer}/task/{_task.Id}/job";

    /// <inheritdoc/>
    public string Token => "bench-token";

    /// <inheritdoc/>
    public TimeSpan Settling => SettleTime + RequestTimeout;

    /// <summary>Starts the stand-in of TheEye that runs the jobs.</summary>
    public async Task<TheEyeServer> StartAsync(string redis)
    {
        var theEye = await TheEyeServer.StartAsync(new() { Redis = redis, Agent = RunAsync });
        theEye.AddUser(Token, new() { Customer = Customer, CustomerId = "5f0000000000000000000acc" });
        theEye.AddTask(Customer, _task);
        return theEye;
    }

    /// <summary>The settings of every silo and gateway.</summary>
    public static string[] SettingsOf(TheEyeServer theEye, string redis) =>
    [
        "--Executor=TheEye", $"--TheEye:Gateway={theEye.Gateway}", $"--TheEye:Supervisor={theEye.Supervisor}", $"--TheEye:Redis={redis}",
        $"--TheEye:SettleTime={SettleTime}", $"--TheEye:RequestTimeout={RequestTimeout}",
    ];

    /// <inheritdoc/>
    public Verdict Judge(int call, Attempt answer) =>
        answer.Status == 200 && answer.Job is { } job && answer.Body == Output(call, job) ? Verdict.Right : Verdict.Wrong;

    /// <inheritdoc/>
    public int Runs(int call) => Volatile.Read(ref _runs[call]);

    /// <inheritdoc/>
    public string JobsOf(int call) => string.Join(", ", _repeated.Where(more => more.Call == call).Select(more => more.Job).Prepend(_jobs[call] ?? "none"));

    private async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
    {
        var call = int.Parse(job.Arguments.Span[2..^2], NumberStyles.None, CultureInfo.InvariantCulture);
        if (Interlocked.Increment(ref _runs[call]) == 1)
        {
            _jobs[call] = job.Id;
        }
        else
        {
            _repeated.Enqueue((call, job.Id));
        }

        if (call % WorkEvery == 0)
        {
            await Task.Delay(Work, canceled);
        }

        return new() { Output = Encoding.ASCII.GetBytes(Output(call, job.Id)) };
    }

    private static string Output(int call, string job) => string.Create(CultureInfo.InvariantCulture, $"[\"{call}\",\"{job}\"]");
}
