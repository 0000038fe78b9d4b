using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class PreferHeaderTests
{
    [Theory]
    [InlineData("wait=5", 5)]
    [InlineData("WAIT=5", 5)]
    [InlineData(" wait \t= 5 ; foo=\"wait=7\"", 5)]
    [InlineData("wait=\"5\"", 5)]
    [InlineData("wait=005", 5)]
    [InlineData("wait=0", 0)]
    [InlineData("foo;wait=9, wait=5", 5)]
    [InlineData("foo=\"a, wait=9\", wait=5", 5)]
    [InlineData("foo=\"a\\\", wait=9\", wait=5", 5)]
    [InlineData(",, ,wait=5,", 5)]
    [InlineData("wait=5, wait=9", 5)]
    public void The_first_wait_counts_wherever_it_stands(string header, int seconds) =>
        Assert.Equal(new PreferHeader(TimeSpan.FromSeconds(seconds), false), PreferHeader.Of(header));

    [Theory]
    [InlineData("wait")]
    [InlineData("wait=")]
    [InlineData("wait=-1")]
    [InlineData("wait=1.5")]
    [InlineData("wait=5s")]
    [InlineData("wait=\u0665")]
    [InlineData("wait=\"5")]
    [InlineData("wait=abc, wait=5")]
    [InlineData("waits=5")]
    [InlineData("foo=\"wait=5")]
    [InlineData("")]
    public void A_wait_that_is_no_number_of_seconds_is_ignored(string header) => Assert.Equal(default, PreferHeader.Of(header));

    [Theory]
    [InlineData("respond-async", null)]
    [InlineData("Respond-Async; foo", null)]
    [InlineData("return=minimal, respond-async, wait=3", 3)]
    [InlineData("wait=3;respond-async, respond-async=\"\"", 3)]
    public void An_answer_that_the_job_is_pending_may_be_accepted(string header, int? seconds) =>
        Assert.Equal(new PreferHeader(seconds is null ? null : TimeSpan.FromSeconds(seconds.Value), true), PreferHeader.Of(header));

    [Fact]
    public void Several_headers_are_one_list() => Assert.Equal(
        new PreferHeader(TimeSpan.FromSeconds(2), true), PreferHeader.Of(new StringValues(["wait=2", "respond-async", "wait=9"])));

    [Theory]
    [InlineData("wait=2147483648")]
    [InlineData("wait=99999999999999999999999999999999")]
    public void A_longer_wait_than_a_number_holds_is_a_long_one(string header) =>
        Assert.True(PreferHeader.Of(header).Wait >= TimeSpan.FromDays(365));

    [Fact]
    public void No_header_is_no_preference() => Assert.Equal(default, PreferHeader.Of(default));
}
