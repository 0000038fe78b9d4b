using SyncCluster.Jobs;
using SyncCluster.Tasks;

namespace SyncCluster.Grains.Tests.Jobs;

internal static class JobSamples
{
    public static readonly DateTimeOffset Now = new(2024, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);

    public static JobSpec Spec() => new()
    {
        JobId = "61f3e937c38201da80f96c27",
        Customer = "acme",
        TaskId = "t1",
        TaskName = "Task \"é\"",
        Type = TaskType.Script,
        Arguments = """["1.10",0.0]"""u8.ToArray(),
        User = new JobUser("joe", "joe@acme.example"),
        Timeout = TimeSpan.FromSeconds(30),
        Runas = "node %script%",
        Env = new() { ["NODE_ENV"] = "" },
        CreatedAt = Now,
    };

    public static JobOutcome Outcome(Lifecycle lifecycle = Lifecycle.Finished, JobState state = JobState.Success) => new()
    {
        Lifecycle = lifecycle,
        State = state,
        Output = """["{\"n\":1.10}"]"""u8.ToArray(),
        Result = """{"code":0,"log":"x","output":{"n":1.10}}"""u8.ToArray(),
    };
}
