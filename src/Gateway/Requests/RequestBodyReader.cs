using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Limits;

namespace SyncCluster.Gateway.Requests;

/// <summary>Reads whole bodies.</summary>
internal sealed class RequestBodyReader(UnauthenticatedBodies unauthenticated, IOptions<GatewayLimitsOptions> limits, TimeProvider timeProvider)
{
    /// <summary>
    /// How many bytes above its limit Kestrel takes of a body and throws away, for 5 s at most, after the answer that refuses it. A client that sends
    /// everything before it reads would get a reset connection in place of that answer, and a balancer would count it as the server's failure.
    /// </summary>
    private const long UnreadLength = 32 << 20;

    /// <summary>Reads the body of a request, within <see cref="GatewayLimitsOptions.BodyTime"/>, and decodes it if it is compressed.</summary>
    /// <exception cref="BadHttpRequestException">It is, or would be when it is decoded, larger than <paramref name="limit"/> bytes (413), or can't be read.</exception>
    public async Task<Result<ReadOnlyMemory<byte>>> ReadAsync(HttpContext http, int limit)
    {
        var request = http.Request;
        if (request.ContentLength == 0 || !http.Features.GetRequiredFeature<IHttpRequestBodyDetectionFeature>().CanHaveBody)
        {
            return ReadOnlyMemory<byte>.Empty;
        }

        http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = limit + UnreadLength;
        if (request.ContentLength > limit)
        {
            throw TooLarge();
        }

        if (!ContentCoding.Of(request.Headers).TryGet(out var coding, out var unknown))
        {
            return unknown;
        }

        var allowance = unauthenticated.AllowanceOf(http);
        var reader = request.BodyReader;

        // A short body mostly comes with its header: then there is nothing to wait for.
        if (reader.TryRead(out var read) && Body(read) is { } already)
        {
            return already;
        }

        using var time = new CancellationTokenSource(limits.Value.BodyTime, timeProvider);

        // A read that is canceled by its token leaves Kestrel's reader unable to skip the rest of the body.
        using var canceling = time.Token.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), reader);
        while (true)
        {
            if (Body(await reader.ReadAsync(http.RequestAborted)) is { } body)
            {
                return body;
            }
        }

        // Null: there is more to come.
        Result<ReadOnlyMemory<byte>>? Body(ReadResult read)
        {
            if (read.Buffer.Length > limit)
            {
                reader.AdvanceTo(read.Buffer.End);
                throw TooLarge();
            }

            if (read.IsCanceled || !allowance.TryHold(read.Buffer.Length))
            {
                reader.AdvanceTo(read.Buffer.End);
                return read.IsCanceled ? Problems.UnreadableRequest(StatusCodes.Status408RequestTimeout) : Problems.TooManyBodies;
            }

            if (read.IsCompleted)
            {
                var body = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return coding.Decode(body, limit, allowance);
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            return null;
        }
    }

    private static BadHttpRequestException TooLarge() => new("Too large.", StatusCodes.Status413PayloadTooLarge);
}
