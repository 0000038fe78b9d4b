using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using SyncCluster.Gateway.Tests.Server;
using SyncCluster.Jobs;
using SyncCluster.Quotas;
using SyncCluster.SerialTasks;
using SyncCluster.Tasks;

namespace SyncCluster.Gateway.Tests.Wire;

/// <summary>
/// Records and messages as version 1 has written them, in <c>version-1.json</c>: a silo of this version must read what one of that version stored
/// or sent. The file is never changed, only added to; a missing entry's bytes are in the message of the failure.
/// </summary>
[Collection(SharedServer.Name)]
public sealed class WireTests(TestServer server)
{
    private static readonly JobSpec Spec = new()
    {
        JobId = "eb0166d31d0c56015d131f8f",
        Customer = "acme",
        TaskId = "0123456789abcdef01234567",
        TaskName = "Greet",
        Type = TaskType.Script,
        Arguments = "[\"a\"]"u8.ToArray(),
        User = new JobUser("uma", "uma@acme.example"),
        Timeout = TimeSpan.FromMinutes(10),
        Runas = "sh %script%",
        Filename = "greet.sh",
        Env = new() { ["LEVEL"] = "1" },
        DefaultStateEvaluation = "success",
        Acl = ["uma@acme.example"],
        Cancellable = false,
        SecretHash = [1, 2, 3],
        CreatedAt = DateTimeOffset.UnixEpoch,
        ScriptDigest = "00ff",
    };

    private static readonly Guid Attempt = new("11111111-1111-1111-1111-111111111111");
    private static readonly Guid Run = new("22222222-2222-2222-2222-222222222222");
    private static readonly SiloAddress Silo = SiloAddress.New(new(0x0100007F), 11111, 42);
    private static readonly JobRecord Fenced = JobRecord.Fenced(Spec, Attempt, Silo, DateTimeOffset.UnixEpoch);
    private static readonly JobRecord Assigned = Fenced.AssignedTo(Run, Silo, DateTimeOffset.UnixEpoch);
    private static readonly JobRecord Ended = Assigned.Ended(ServerOutcomes.Dummy("[\"done\"]"u8.ToArray()), DateTimeOffset.UnixEpoch);
    private static readonly JobAccess Access = new(["team:ops"], true, [4, 5, 6]);

    private static readonly TaskLimits Limits = new() { FileSize = 1, Data = 2, Cpu = TimeSpan.FromSeconds(3), Memory = 4, Processes = 5 };

    private static readonly Dictionary<string, object> Samples = new()
    {
        ["a fenced record"] = Fenced,
        ["an assigned record"] = Assigned,
        ["an ended record"] = Ended,
        ["an outcome"] = ServerOutcomes.NotRun("It failed."),
        ["a record of a job of TheEye"] = JobRecord.Fenced(Spec with { Origin = JobOrigin.AllocatedAtTheEye }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a record of a lost answer"] = Assigned.Ended(JobOutcome.Lost("It is gone."), DateTimeOffset.UnixEpoch),
        ["what is left of a removed job"] =
            (Ended with { Spec = Ended.Spec with { Fingerprint = [9, 10], IdempotencyId = "00ff" } }).Removed(DateTimeOffset.UnixEpoch),
        ["removed"] = new Removal.Removed(),
        ["removed before"] = new Removal.AlreadyRemoved(),
        ["nothing to remove"] = new Removal.NotFound(),
        ["not removed before its end"] = new Removal.Unfinished(),
        ["not removed yet"] = new Removal.Recent(DateTimeOffset.UnixEpoch),
        ["not known whether it is removed"] = new Removal.Unavailable(),
        ["an outcome of TheEye"] = JobOutcome.Of(Lifecycle.Expired, JobState.Error, "{}"u8.ToArray()),
        ["a pending reply"] = new JobReply.Pending(Access, Lifecycle.Assigned, "{}"u8.ToArray()),
        ["a finished reply"] = new JobReply.Finished(new FinishedJob("acme/eb0166d31d0c56015d131f8f", Lifecycle.Finished, JobState.Success, "{}"u8.ToArray(), Access)),
        ["not found"] = new JobReply.NotFound(),
        ["queue full"] = new JobReply.QueueFull(),
        ["unavailable"] = new JobReply.Unavailable(),
        ["another call"] = new JobReply.IdempotencyConflict(),
        ["a record of a call that may be repeated"] = JobRecord.Fenced(Spec with { Fingerprint = [9, 10], IdempotencyId = "00ff" }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a record of a job that is canceled when all have hung up"] =
            JobRecord.Fenced(Spec with { CallerWaitsUntil = DateTimeOffset.UnixEpoch }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a record that says who waits"] = Fenced with { Waiters = new JobWaiters(Run, [GrainId.Create("sys.client", "uma")]) },
        ["a call"] = new IdempotencyState { Job = Spec with { Fingerprint = [9, 10], IdempotencyId = "00ff" } },
        ["a call without a job"] = new IdempotencyState(),
        ["a job's progress"] = new JobProgress(Lifecycle.Assigned, new JobLog(7, "a line\n"u8.ToArray())),
        ["a task"] = new TaskState
        {
            Definition = new TaskDefinition
            {
                Id = "0123456789abcdef01234567",
                Customer = "acme",
                Name = "Greet",
                Type = TaskType.Script,
                SecretHash = [7, 8, 9],
                Acl = ["team:ops"],
                Env = new() { ["LEVEL"] = "1" },
            },
            Script = "echo"u8.ToArray(),
        },
        ["a record of a job that takes turns"] = JobRecord.Fenced(Spec with { RunsSerially = true }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a record of a job whose exit code decides"] = JobRecord.Fenced(Spec with { ExitCodeDecides = true }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a record of a job with limits"] = JobRecord.Fenced(Spec with { Limits = Limits }, Attempt, Silo, DateTimeOffset.UnixEpoch),
        ["a task with limits"] = new TaskDefinition { Id = "a", Customer = "b", Name = "c", Type = TaskType.Script, Limits = Limits },
        ["a task whose exit code decides"] = new TaskDefinition { Id = "a", Customer = "b", Name = "c", Type = TaskType.Script, ExitCodeDecides = true },
        ["a task whose arguments have definitions"] = new TaskDefinition
        {
            Id = "a",
            Customer = "b",
            Name = "c",
            Type = TaskType.Script,
            ArgumentRule = ArgumentRule.Strict,
            Arguments = [new TaskArgument(0, "input", "d", null) { Definition = """{"help":"e"}""" }],
        },
        ["over the limit"] = new JobReply.QuotaExceeded(QuotaScope.Task, 3),
        ["storage full"] = new JobReply.StorageFull(),
        ["a line"] = new TaskQueue { Jobs = ["a", "b"] },
        ["a line's reply"] = new TaskQueueReply("a", ["b"]),
        ["a counted job"] = new CountedJob("a", "b"),
        ["a list of tasks"] = new TaskListState { Ids = ["a", "b"] },
    };

    public static TheoryData<string> Names => [.. Samples.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task This_version_reads_what_version_1_has_written(string name)
    {
        var serializer = server.App.Services.GetRequiredService<Serializer>();
        var written = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Wire", "version-1.json")))![name];
        var sample = Samples[name];
        Assert.True(written is not null, $"\"{name}\": \"{Convert.ToBase64String(serializer.SerializeToArray(sample))}\"");
        var read = serializer.Deserialize<object>(Convert.FromBase64String(written.GetValue<string>()));
        Assert.IsType(sample.GetType(), read);
        Assert.Equal(Shown(sample), Shown(read!));
    }

    private static string Shown(object value) => value is JobRecord record
        ? $"{record.Runner} {JsonSerializer.Serialize(record with { Runner = null })}"
        : JsonSerializer.Serialize(value, value.GetType());
}
