using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SyncCluster.Cluster.Tests.Clusters;
using SyncCluster.Cluster.Tests.ConnectionLoss;
using SyncCluster.Harness;
using SyncCluster.Harness.Processes;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Cluster.Tests.TheEye;

/// <summary>
/// Clients that retry their calls with their keys in front of TheEye, which chooses the ids of the jobs: a gateway may die after TheEye has created a job
/// for it and before it has stored the job's id. It takes real processes: SIGKILL of a gateway in the middle of a call and broken connections are what is
/// tested. <c>SYNCCLUSTER_CUTOFF_ROUNDS</c> sets three times the number of calls; the default is for every run of the tests.
/// </summary>
public sealed class TheEyeConnectionLossTests(TheEyeCluster cluster, ITestOutputHelper output) : TheEyeScenario(cluster, output)
{
    private const int Count = 4;
    private const int Concurrency = 24;

    private static readonly TimeSpan BetweenGateways = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan BetweenSilos = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Freeze = TimeSpan.FromSeconds(1);

    /// <summary>How long TheEye takes for each step, so that gateways die during each.</summary>
    private static readonly TimeSpan StepTime = TimeSpan.FromMilliseconds(60);

    private readonly ConcurrentDictionary<string, int> _counts = new();

    [ClusterFact]
    public async Task A_repeated_call_runs_once_when_its_gateway_died_before_it_had_stored_the_job_for_the_key()
    {
        var task = Cluster.AddTask();
        var created = Hold(Step.Create, FaultGate.BeforeAnswering(), Count, task.Id);
        await KillAndRepeatAsync(task, () => ArrivedAsync(created, Count), () => OpenAsync(created));
        Assert.Equal(2 * Count, JobsOf(task).Count);
        AssertOneJobOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_repeated_call_runs_the_first_job_when_its_gateway_died_before_it_had_submitted_it()
    {
        var task = Cluster.AddTask();
        var before = await Cluster.Redis.CountKeysAsync("*call/*");
        var created = Hold(Step.Create, FaultGate.BeforeAnswering(), Count, task.Id);
        await KillAndRepeatAsync(
            task,
            async () =>
            {
                await ArrivedAsync(created, Count);
                await Cluster.Redis.PauseWritesAsync();
                created.Open();
                await Eventually.TrueAsync(() => JobsOf(task).Any(job => HasBegunToBind(job.Id)), "a silo stores the job of a call");
            },
            async () =>
            {
                await Cluster.Redis.ResumeWritesAsync();
                await Eventually.TrueAsync(async () => await Cluster.Redis.CountKeysAsync("*call/*") > before, "the job of a call of the dead gateway is stored for its key");
                Assert.All(JobsOf(task), job => Assert.Equal("syncing", job.Lifecycle));
            });

        // No second job was created for the calls whose first one was stored.
        Assert.InRange(JobsOf(task).Count, Count, (2 * Count) - 1);
        AssertOneJobOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_repeated_call_runs_once_when_its_gateway_died_during_the_release()
    {
        var task = Cluster.AddTask();
        var released = Hold(Step.Synced, FaultGate.BeforeActing(), Count);
        await KillAndRepeatAsync(task, () => ArrivedAsync(released, Count), () => OpenAsync(released));
        Assert.Equal(Count, JobsOf(task).Count);
        AssertOneJobOfEachRan(task);
    }

    [ClusterFact]
    public async Task A_client_that_retries_with_its_key_whenever_its_connection_breaks_gets_the_right_answer_and_its_job_runs_once()
    {
        var task = Cluster.AddTask(() => Task.Delay(TimeSpan.FromMilliseconds(40)));
        TheEye.Faults.Always(Step.Create, Fault.DelayAfter(StepTime), task.Id);
        TheEye.Faults.Always(Step.Synced, Fault.DelayAfter(StepTime));
        var calls = new RetriedCalls(Random.Next(), RetriedCalls.CountOr(600) / 3);
        var client = new RetryingClient(Cluster, TheEyeCluster.CallerToken, PathOf(task), Judge, _counts);
        await using (var faults = new RandomFaults(Print, Random.Next()))
        {
            faults.Begin(Cluster.Gateways, BetweenGateways, Freeze);
            faults.Begin(Cluster.Silos, BetweenSilos, Freeze);
            await calls.RunAsync(client, Concurrency, (id, _) => (JsonSerializer.Serialize<string[]>([id]), TimeSpan.FromMilliseconds(160)));
            Print($"{faults.Kills} servers were killed in the meantime.");
        }

        await Cluster.RestoreAsync();
        await AuditAsync(then: () =>
        {
            var jobs = TheEyeCallAudit.JobsOf(Cluster);
            calls.Audit(Print, _counts, call => jobs[call.Id].Sum(job => job.Runs), _ => false, keysKeepTheirJobs: false);
            Print($"{JobsOf(task).Count} jobs were created, of which {JobsOf(task).Count(job => job.SyncedCalls == 0)} were not released: "
                + $"{string.Join(", ", JobsOf(task).Where(job => job.SyncedCalls == 0).CountBy(job => job.Lifecycle).Select(count => $"{count.Value} {count.Key}"))}.");
            Assert.All(JobsOf(task), job => Assert.InRange(job.SyncedCalls, 0, 1));
        });
    }

    private static Task OpenAsync(FaultGate gate)
    {
        gate.Open();
        return Task.CompletedTask;
    }

    /// <summary>Whether a silo has begun to store the job for its call's key: it does so even if the gateway dies now.</summary>
    private bool HasBegunToBind(string job) =>
        Cluster.Silos.SelectMany(silo => silo.Lines).Any(line => line.Text.Contains($" gets job {job}", StringComparison.Ordinal));

    private static string PathOf(TheEyeTask task) => $"/{TheEyeCluster.Customer}/task/{task.Id}/job";

    private static Verdict Judge(RetriedCall call, int status, string body)
    {
        using var answer = JsonDocument.Parse(body);
        var answered = answer.RootElement.ValueKind == JsonValueKind.Object
            ? answer.RootElement.TryGetProperty("output", out var member) ? member.GetRawText() : ""
            : body;
        return status == 200 && answered == $"[\"{call.Id}\"]" ? Verdict.Right : Verdict.Wrong;
    }

    /// <summary>Makes calls at a gateway, kills it at a moment of these calls, and repeats them at the other one.</summary>
    /// <param name="task">The task that is called.</param>
    /// <param name="moment">Waits for the moment when the gateway is killed.</param>
    /// <param name="then">What happens before the calls are repeated.</param>
    private async Task KillAndRepeatAsync(TheEyeTask task, Func<Task> moment, Func<Task> then)
    {
        var (killed, other) = (Cluster.Gateways[0], Cluster.Gateways[1]);
        var prefix = Guid.NewGuid().ToString("N")[..8];
        string[] calls = [.. Enumerable.Range(0, Count).Select(number => $"{prefix}-{number}")];
        var first = calls.Select(call => SendAsync(killed, task, call)).ToArray();
        await moment();
        Kill(killed);
        foreach (var call in first)
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => call);
        }

        await then();
        Assert.Equal(
            calls.Select(call => (200, $"[\"{call}\"]")),
            await Task.WhenAll(calls.Select(call => SendAsync(other, task, call))));
        Assert.Equal(
            calls.Select(call => (200, $"[\"{call}\"]")),
            await Task.WhenAll(calls.Select(call => SendAsync(other, task, call))));
        await AuditAsync();
    }

    private void AssertOneJobOfEachRan(TheEyeTask task)
    {
        var jobs = TheEyeCallAudit.JobsOf(Cluster).Where(call => call.Any(job => job.Task.Id == task.Id)).ToArray();
        Assert.Equal(Count, jobs.Length);
        Assert.All(jobs, call => Assert.Equal((1, 1), (call.Sum(job => job.Runs), call.Sum(job => job.SyncedCalls))));
    }

    private static async Task<(int Status, string Body)> SendAsync(Server gateway, TheEyeTask task, string call)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, PathOf(task))
        {
            Content = new StringContent(JsonSerializer.Serialize<string[]>([call]), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", TheEyeCluster.CallerToken);
        request.Headers.Add("Idempotency-Key", $"key-{call}");
        using var response = await gateway.Http.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
