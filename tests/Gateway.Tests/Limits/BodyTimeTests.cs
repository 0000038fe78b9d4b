using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>A body that arrives in small pieces, each soon after the other, at a server that gives it a second.</summary>
public sealed class BodyTimeTests(BodyTimeTests.ImpatientServer server) : IClassFixture<BodyTimeTests.ImpatientServer>
{
    [Theory]
    [InlineData("Authorization: Bearer user-token\r\n")]
    [InlineData("")]
    public async Task A_body_that_takes_too_long_is_a_408_although_it_goes_on(string header)
    {
        var task = await server.ImportAsync("""echo '["1"]'""");
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            $"POST /acme/task/{task["id"]}/job HTTP/1.1\r\nHost: localhost\r\n{header}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n");
        var answer = connection.ReadAnswerAsync();
        using var rhythm = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        do
        {
            // More than Kestrel asks for: all of it would take ten seconds.
            await connection.SendAsync(new string(' ', 1000));
        }
        while (await rhythm.WaitForNextTickAsync() && !answer.IsCompleted);

        var (status, body) = await answer;
        Assert.Equal(408, status);
        Assert.Contains("came too slowly", body, StringComparison.Ordinal);
    }

    public sealed class ImpatientServer : TestServer
    {
        protected override string[] Settings => ["--Limits:BodyTime=00:00:01"];
    }
}
