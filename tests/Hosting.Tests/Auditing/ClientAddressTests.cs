using System.Net;
using SyncCluster.Hosting.Auditing;

namespace SyncCluster.Hosting.Tests.Auditing;

/// <summary>How the address of a client is written where people read it.</summary>
public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8::7", "2001:db8::7")]
    [InlineData("fe80:1111:2222:3333:4444:5555:6666:7777%4294967295", "fe80:1111:2222:3333:4444:5555:6666:7777%4294967295")]
    public void It_is_plain_and_never_long(string address, string text)
    {
        Assert.Equal(text, ClientAddress.Text(IPAddress.Parse(address)));
        Assert.InRange(text.Length, 1, ClientAddress.MaxLength);
    }

    [Fact]
    public void It_is_empty_where_it_is_not_known() => Assert.Equal("", ClientAddress.Text(null));
}
