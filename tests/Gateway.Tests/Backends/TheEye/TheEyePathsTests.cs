using SyncCluster.TheEye;

namespace SyncCluster.Gateway.Tests.Backends.TheEye;

/// <summary>Calls through TheEye that go well.</summary>
public sealed class TheEyePathsTests(FrontServer server) : IClassFixture<FrontServer>
{
    [Fact]
    public async Task A_call_is_answered_with_the_output_of_its_job()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1 });
        Assert.Equal((200, "[\"world\"]"), await server.CallAsync(task, "[\"world\"]"));
    }

    [Fact]
    public async Task Many_calls_get_each_its_own_answer()
    {
        var task = server.AddTask(new TheEyeTask { ArgumentCount = 1, AutoremoveCompletedJobs = false });
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(async number => (number, await server.CallAsync(task, $"[\"{number}\"]"))));
        Assert.All(answers, answer => Assert.Equal((200, $"[\"{answer.number}\"]"), answer.Item2));
        Assert.Equal(0, server.TheEye.Counters.RunTwice);
    }
}
