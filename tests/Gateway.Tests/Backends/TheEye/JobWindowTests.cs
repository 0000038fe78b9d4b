using System.Net;
using System.Text.Json.Nodes;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.TheEye;
using SyncCluster.TheEye.Faults;
using SyncCluster.TheEye.Jobs;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>
/// Calls of a task of which TheEye keeps only the newest jobs: each creation deletes older ones that have ended, whether their answers were read or not.
/// </summary>
public sealed class JobWindowTests(JobWindowTests.Server server) : IClassFixture<JobWindowTests.Server>, IDisposable
{
    private const int Callers = 16;
    private const int CallsOfCaller = 25;

    /// <summary>More jobs at once than this lose answers.</summary>
    private const int Kept = 5;

    public void Dispose() => server.TheEye.Faults.Clear();

    [Fact]
    public async Task None_of_400_answers_is_lost_at_16_callers()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1, Tag = Random.Shared });

        // One message in a hundred is lost.
        var calls = await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            List<string> wrong = [];
            for (var call = 0; call < CallsOfCaller; call++)
            {
                if (caller % 4 == 0 && call == 10)
                {
                    server.TheEye.Faults.Next(Step.Publish, Fault.Drop);
                }

                var (status, body) = await server.CallAsync(task, $"[\"{caller}.{call}\"]");
                if (status != 200 || body != $"[\"{caller}.{call}\"]")
                {
                    wrong.Add($"{status} {body}");
                }
            }

            return wrong;
        }));

        Assert.Empty(calls.SelectMany(wrong => wrong));
        Assert.Equal(Callers * CallsOfCaller, server.TheEye.Jobs.Count(job => job.Task.Id == task));
        Assert.All(server.TheEye.Jobs.Where(job => job.Task.Id == task), job => Assert.Equal(1, job.Runs));
        Assert.True(server.TheEye.Jobs.Count(job => job.Task.Id == task && job.Removed) > Callers, "TheEye has deleted jobs.");
    }

    public sealed class Server : FrontServer
    {
        protected override TheEyeOptions Options => new()
        {
            Agent = RunAsync,
            MessageDelay = () => TimeSpan.FromMilliseconds(Random.Shared.Next(1, 60)),
        };

        protected override string[] Settings =>
            [.. base.Settings, "--TheEye:ServiceTokens:acme=service-token", "--TheEye:RequestTimeout=00:00:02", "--TheEye:SettleTime=00:00:10"];

        public override async Task InitializeAsync()
        {
            await base.InitializeAsync();
            AddUser("service-token", "sync", "admin");
        }

        private static async Task<JobEnd> RunAsync(RunningJob job, CancellationToken canceled)
        {
            switch (job.Task.Tag)
            {
                case Random random:
                    // Most jobs are short, some are long: others are created and end while they run.
                    await Task.Delay(random.Next(10) == 0 ? 150 : random.Next(20), canceled);
                    break;
                case Func<RunningJob, Task> run:
                    await run(job).WaitAsync(canceled);
                    break;
            }

            return new JobEnd { Output = job.Arguments.ToArray() };
        }
    }
}
