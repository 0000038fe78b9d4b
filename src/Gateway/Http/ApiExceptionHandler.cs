using Microsoft.AspNetCore.Diagnostics;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// What a fault looks like to the client: the cluster can't be reached (503, try again), the request can't be read (the framework's status), or
/// ours (500). Nothing of the exception goes out.
/// </summary>
internal sealed partial class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    public static Problem TooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, "The body is too large.");

    public static Problem Unreachable { get; } =
        new(StatusCodes.Status503ServiceUnavailable, "The cluster or its storage can't be reached. Try again.") { RetryAfter = TimeSpan.FromSeconds(2) };

    public static Problem Failed { get; } = new(StatusCodes.Status500InternalServerError, "The server has failed at this request. Its log says why.");

    public static Problem Unreadable(int status) =>
        new(status, "The request could not be read: it is malformed, or its body came too slowly or was cut off.");

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
                return TooLarge;
            case BadHttpRequestException bad:
                return Unreadable(bad.StatusCode);
            case OrleansException or TimeoutException:
                LogUnreachable(exception);
                return Unreachable;
            default:
                LogFault(exception);
                return Failed;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A request was answered 503.")]
    private partial void LogUnreachable(Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "A request failed.")]
    private partial void LogFault(Exception fault);
}
