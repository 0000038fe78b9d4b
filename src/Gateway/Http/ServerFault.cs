using Microsoft.AspNetCore.Diagnostics;
using SyncCluster.Gateway.Problems;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// What a fault looks like to the client: the cluster can't be reached (503, try again), the request can't be read (the framework's status), or
/// ours (500). Nothing of the exception goes out.
/// </summary>
internal sealed partial class ServerFault(ILogger<ServerFault> logger) : IExceptionHandler
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        await Answer(exception).ExecuteAsync(httpContext);
        return true;
    }

    private Problem Answer(Exception exception)
    {
        switch (exception)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return new(StatusCodes.Status413PayloadTooLarge, "The body is too large.");
            case BadHttpRequestException bad:
                return new(bad.StatusCode, "The request could not be read: it is malformed, or its body came too slowly or was cut off.");
            case OrleansException or TimeoutException:
                LogUnreachable(exception);
                return new(StatusCodes.Status503ServiceUnavailable, "The cluster or its storage can't be reached. Try again.") { RetryAfter = RetryAfter };
            default:
                LogFault(exception);
                return new(StatusCodes.Status500InternalServerError, "The server has failed at this request. Its log says why.");
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request was answered 503.")]
    private partial void LogUnreachable(Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed.")]
    private partial void LogFault(Exception fault);
}
