using System.Reflection;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using SyncCluster.Gateway.Api.Polling;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Tests.Api.Polling;

/// <summary>Which headers a task may have, and what an address may hold, where no client would send it.</summary>
public sealed class TaskHeadersTests
{
    [Fact]
    public void Every_name_that_the_framework_knows_is_refused_but_for_what_says_what_the_body_is()
    {
        var known = typeof(HeaderNames).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (string)field.GetValue(null)!).ToArray();
        Assert.True(known.Length > 80);
        Assert.Equal([HeaderNames.ContentDisposition, HeaderNames.ContentLanguage, HeaderNames.ContentType], known.Where(TaskHeaders.IsTaken).Order());
    }

    [Theory]
    [InlineData("?a=#b&c=é d&#=1&counter=4&COUNTER=5", "?a=%23b&c=%C3%A9%20d&%23=1&counter=9")]
    [InlineData("?a=\r\nb&c=\"<>", "?a=%0D%0Ab&c=\"<>&counter=9")]
    [InlineData("?&&a&=b&a", "?a&=b&a&counter=9")]
    [InlineData("", "?counter=9")]
    public void An_address_holds_what_a_header_can(string query, string kept)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query);
        Assert.Equal($"/job/x/result{kept}", PollingLinks.Next("/job/x/result", request, 9));
    }

    [Theory]
    [InlineData("""{"a":1,"wait_result":true,"task_arguments":[],"lifecycle":"x","b":2}""", "\"a\":1,\"b\":2")]
    [InlineData("""{"task_arguments":[],"wait_result":false}""", "")]
    public void TheEye_is_not_asked_for_a_redirect(string body, string others)
    {
        Assert.True(CallPayload.Read("application/json", Encoding.UTF8.GetBytes(body), QueryCollection.Empty).TryGet(out var payload, out _));
        Assert.Equal(others, Encoding.UTF8.GetString(payload.OtherMembers.Span));
    }

    [Theory]
    [InlineData("", 60)]
    [InlineData("?timeout=0", 10)]
    [InlineData("?timeout=9", 10)]
    [InlineData("?timeout=11", 11)]
    [InlineData("?timeout=60", 60)]
    [InlineData("?timeout=999999999", 60)]
    public void A_wait_lasts_10_to_60_seconds(string query, int seconds)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query);
        Assert.Equal(TimeSpan.FromSeconds(seconds), PollingCursor.Of(request.Query)!.Value.Timeout);
    }
}
