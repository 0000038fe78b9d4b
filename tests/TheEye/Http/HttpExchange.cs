using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.WebUtilities;
using SyncCluster.TheEye.Faults;

namespace SyncCluster.TheEye.Http;

internal sealed class HttpExchange(HttpContext context, Func<Task<Answer>> act, CancellationToken stopping) : Exchange(act, stopping)
{
    public override CancellationToken Left => context.RequestAborted;

    public static Task WriteAsync(HttpContext context, Answer answer)
    {
        var response = context.Response;
        response.StatusCode = answer.Status;
        if (answer.ContentType is not null)
        {
            response.ContentType = answer.ContentType;
        }

        if (answer.Location is not null)
        {
            response.Headers.Location = answer.Location;
        }

        if (answer.ContentEncoding is not null)
        {
            response.Headers.ContentEncoding = answer.ContentEncoding;
        }

        if (answer.Status is 204 or 304)
        {
            return Task.CompletedTask;
        }

        response.ContentLength = answer.Body.Length;
        return response.Body.WriteAsync(answer.Body).AsTask();
    }

    public override Task ReplyAsync(Answer answer) => WriteAsync(context, answer);

    public override async Task CutOffAsync(Answer answer)
    {
        // Directly to the socket: on an abort, Kestrel would drop bytes that it has not sent yet.
        var socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var head = $"HTTP/1.1 {answer.Status} {ReasonPhrases.GetReasonPhrase(answer.Status)}\r\n"
            + $"Content-Type: {answer.ContentType}\r\nContent-Length: {answer.Body.Length}\r\n\r\n";
        byte[] bytes = [.. Encoding.ASCII.GetBytes(head), .. answer.Body.AsSpan(0, answer.Body.Length / 2)];
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await socket.SendAsync(bytes.AsMemory(sent), Left);
        }

        Reset();
    }

    public override void Reset() => context.Abort();
}
