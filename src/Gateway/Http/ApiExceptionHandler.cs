using Microsoft.AspNetCore.Diagnostics;

namespace SyncCluster.Gateway.Http;

/// <summary>
/// Answers exceptions: 503 if the cluster can't be reached, the web server's status if the request can't be read, else 500. Nothing of the exception
/// is in the answer.
/// </summary>
internal sealed partial class ApiExceptionHandler(ILogger<ApiExceptionHandler> logger) : IExceptionHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is OperationCanceledException && httpContext.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        await ProblemOf(exception).ExecuteAsync(httpContext);
        return true;
    }

    private Problem ProblemOf(Exception exception)
    {
        switch (exception)
        {
            case BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge }:
                return Problems.BodyTooLarge;
            case BadHttpRequestException bad:
                return Problems.UnreadableRequest(bad.StatusCode);
            case var fault when fault.IsClusterFault():
                LogUnreachable(exception);
                return Problems.Unreachable;
            default:
                LogFault(exception);
                return Problems.ServerFault;
        }
    }
}
