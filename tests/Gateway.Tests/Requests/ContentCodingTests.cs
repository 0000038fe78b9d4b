using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SyncCluster.Gateway.Limits;
using SyncCluster.Gateway.Requests;
using SyncCluster.Harness;

namespace SyncCluster.Gateway.Tests.Requests;

/// <summary>What a compressed body costs.</summary>
public sealed class ContentCodingTests
{
    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public void Nothing_is_kept_of_a_body_that_grows_above_the_limit(string coding)
    {
        var bomb = CompressedCallTests.Compressed(new string(' ', 64 << 20), coding);
        var decoder = CodingOf(coding);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var refused = Assert.Throws<BadHttpRequestException>(() => decoder.Decode(bomb, 8 << 20, BodyAllowance.Unlimited));
        Assert.Equal(413, refused.StatusCode);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void What_a_body_takes_when_it_is_decompressed_counts_for_the_bodies_of_unknown_senders()
    {
        var options = Options.Create(new GatewayLimitsOptions { Body = 1, UnauthenticatedBodies = 10_000 });
        var bodies = new UnauthenticatedBodies(options, TestMetrics.New());
        var small = CompressedCallTests.Compressed(new string(' ', 6000), "gzip");
        var http = new DefaultHttpContext();
        using (var allowance = bodies.AllowanceOf(http))
        {
            Assert.True(CodingOf("gzip").Decode(small, 1 << 20, allowance).TryGet(out _, out _));
            Assert.False(CodingOf("gzip").Decode(small, 1 << 20, bodies.AllowanceOf(new DefaultHttpContext())).TryGet(out _, out var problem));
            Assert.Equal(503, problem.Status);
        }

        Assert.True(CodingOf("gzip").Decode(small, 1 << 20, bodies.AllowanceOf(new DefaultHttpContext())).TryGet(out _, out _));
    }

    private static ContentCoding CodingOf(string name)
    {
        Assert.True(ContentCoding.Of(new HeaderDictionary { ["Content-Encoding"] = name }).TryGet(out var coding, out _));
        return coding;
    }
}
