using SyncCluster.Gateway.Tests.Server;

namespace SyncCluster.Gateway.Tests.Limits;

/// <summary>Bodies above the limit, of clients that send everything before they read the answer.</summary>
[Collection(SharedServer.Name)]
public sealed class RefusedBodyTests(TestServer server)
{
    private const int Large = 12 << 20;

    [Theory]
    [InlineData("/acme/task/x/job", "Authorization: Bearer user-token\r\n")]
    [InlineData("/acme/task/x/job", "")]
    [InlineData("/acme/task/import", "Authorization: Bearer admin-token\r\n")]
    [InlineData("/acme/task/import", "")]
    public async Task The_answer_reaches_a_client_that_sends_its_whole_body_first(string path, string header)
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync($"POST {path} HTTP/1.1\r\nHost: localhost\r\n{header}Content-Type: application/json\r\nContent-Length: {Large}\r\n\r\n");
        await SendAsync(connection, Large, chunked: false);
        Assert.Equal(413, (await connection.ReadAnswerAsync()).Status);
    }

    [Fact]
    public async Task The_same_of_a_body_whose_length_is_not_told()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            "POST /acme/task/x/job HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer user-token\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n");
        await SendAsync(connection, Large, chunked: true);
        await connection.SendAsync("0\r\n\r\n");
        Assert.Equal(413, (await connection.ReadAnswerAsync()).Status);

        // It was read to its end, and no further.
        Assert.Equal(404, await connection.GetAsync("/nothing"));
    }

    [Fact]
    public async Task A_body_without_an_end_is_not_read_for_ever()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            "POST /acme/task/x/job HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer user-token\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n");
        await Assert.ThrowsAnyAsync<Exception>(() => SendAsync(connection, 1 << 30, chunked: true));
    }

    [Fact]
    public async Task A_client_that_sends_no_more_of_its_body_is_disconnected()
    {
        using var connection = await RawConnection.OpenAsync(server.Http.BaseAddress!);
        await connection.SendAsync(
            $"POST /acme/task/x/job HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer user-token\r\nContent-Type: application/json\r\nContent-Length: {Large}\r\n\r\n[");
        Assert.Equal(413, (await connection.ReadAnswerAsync()).Status);
        await connection.ClosedAsync();
    }

    private static async Task SendAsync(RawConnection connection, int bytes, bool chunked)
    {
        var piece = new string(' ', 64 << 10);
        for (var sent = 0; sent < bytes; sent += piece.Length)
        {
            await connection.SendAsync(chunked ? $"{piece.Length:x}\r\n{piece}\r\n" : piece);
        }
    }
}
