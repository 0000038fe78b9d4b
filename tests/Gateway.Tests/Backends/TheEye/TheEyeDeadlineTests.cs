using SyncCluster.Harness;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>A call ends by its deadline, whatever TheEye keeps it waiting with.</summary>
public sealed class TheEyeDeadlineTests(TheEyeDeadlineTests.Server server) : IClassFixture<TheEyeDeadlineTests.Server>, IDisposable
{
    public void Dispose() => server.TheEye.Faults.Clear();

    [Theory, Trait(WaitingRules.Trait, "I5")]
    [InlineData(Step.Profile)]
    [InlineData(Step.Create)]
    [InlineData(Step.Synced)]
    [InlineData(Step.Job)]
    public async Task A_call_is_a_504_when_its_time_is_over(Step step)
    {
        var token = $"token-{Guid.NewGuid()}";
        server.AddUser(token, "nora");
        var task = server.AddTask();
        server.TheEye.Faults.Always(step, Fault.Hang());
        using var response = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", token, "[]");
        Assert.Equal(504, (int)response.StatusCode);

        // Where a job exists, it is told how to go on with it.
        Assert.Equal(step is Step.Synced or Step.Job, response.Headers.Location is not null);
        Assert.Equal(step is Step.Synced or Step.Job, response.Headers.Contains("Job-Id"));
    }

    [Fact]
    public async Task A_job_that_was_made_after_its_call_was_answered_is_canceled()
    {
        var task = server.AddTask();
        var gate = FaultGate.BeforeAnswering();
        server.TheEye.Faults.Next(Step.Create, gate, id: task);
        Assert.Equal(504, (await server.CallAsync(task)).Status);
        gate.Open();
        await server.TheEye.WhenAsync(() => server.TheEye.Jobs.Single(job => job.Task.Id == task).Lifecycle == "canceled");
        Assert.Equal(0, server.TheEye.Jobs.Single(job => job.Task.Id == task).Runs);
    }

    [Fact]
    public async Task A_wait_for_a_job_is_a_504_when_its_time_is_over()
    {
        var task = server.AddTask(new TheEyeTask { Type = TaskType.Approval });
        using var called = await server.SendAsync(HttpMethod.Post, $"/acme/task/{task}/job", json: "[]");
        Assert.Equal(504, (int)called.StatusCode);
        server.TheEye.Faults.Always(Step.Job, Fault.Hang());
        using var response = await server.SendAsync(HttpMethod.Get, called.Headers.Location!.ToString(), "admin-token");
        Assert.Equal(504, (int)response.StatusCode);
    }

    /// <summary>TheEye may take far longer than a call.</summary>
    public sealed class Server : FrontServer
    {
        protected override string[] Settings =>
            [.. base.Settings, "--Waiting:Maximum=00:00:05", "--TheEye:RequestTimeout=00:01:00", "--TheEye:SettleTime=00:10:00"];
    }
}
