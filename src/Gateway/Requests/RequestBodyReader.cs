using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads whole bodies.</summary>
internal sealed class RequestBodyReader(UnauthenticatedBodies unauthenticated, IOptions<GatewayLimitsOptions> limits, TimeProvider timeProvider)
{
    /// <summary>Reads the body of a request, within <see cref="GatewayLimitsOptions.BodyTime"/>.</summary>
    /// <exception cref="BadHttpRequestException">It is larger than <paramref name="limit"/> bytes (413), or can't be read.</exception>
    public async Task<Result<ReadOnlyMemory<byte>>> ReadAsync(HttpContext http, int limit)
    {
        var request = http.Request;
        if (request.ContentLength == 0 || !http.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limit;
        if (request.ContentLength > limit)
        {
            throw new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge);
        }

        var allowance = unauthenticated.AllowanceOf(http);
        var reader = request.BodyReader;
        using var time = new CancellationTokenSource(limits.Value.BodyTime, timeProvider);

        // A read that is canceled by its token leaves Kestrel's reader unable to skip the rest of the body.
        using var canceling = time.Token.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), reader);
        while (true)
        {
            var read = await reader.ReadAsync(http.RequestAborted);
            if (read.IsCanceled || !allowance.TryHold(read.Buffer.Length))
            {
                reader.AdvanceTo(read.Buffer.End);
                return read.IsCanceled ? Problems.UnreadableRequest(StatusCodes.Status408RequestTimeout) : Problems.TooManyBodies;
            }

            if (read.IsCompleted)
            {
                ReadOnlyMemory<byte> body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return body;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }
}
