using SyncCluster.Execution.TheEye;

namespace SyncCluster.Grains.Tests.Execution.TheEye;

/// <summary>Which configuration of TheEye is refused at the start, and what the message names.</summary>
public sealed class TheEyeOptionsValidatorTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.True(new TheEyeOptionsValidator().Validate(null, new()).Succeeded);

    [Theory]
    [InlineData("http://127.0.0.1:6080")]
    [InlineData("https://theeye.example/api")]
    public void An_http_address_is_valid(string address) =>
        Assert.True(new TheEyeOptionsValidator().Validate(null, new() { Gateway = new(address), Supervisor = new(address) }).Succeeded);

    [Theory]
    [InlineData("ftp://127.0.0.1")]
    [InlineData("http://127.0.0.1/?token=a")]
    [InlineData("http://user:secret@127.0.0.1")]
    [InlineData("http://127.0.0.1/#a")]
    [InlineData("/relative")]
    public void Any_other_address_is_named(string address)
    {
        var uri = new Uri(address, UriKind.RelativeOrAbsolute);
        AssertNamed(new() { Gateway = uri }, "TheEye:Gateway");
        AssertNamed(new() { Supervisor = uri }, "TheEye:Supervisor");
    }

    [Fact]
    public void A_value_out_of_range_is_named()
    {
        AssertNamed(new() { Redis = "127.0.0.1:6379,nonsense=1" }, "TheEye:Redis");
        AssertNamed(new() { RequestTimeout = TimeSpan.Zero }, "TheEye:RequestTimeout");
        AssertNamed(new() { RequestTimeout = TimeSpan.MaxValue }, "TheEye:RequestTimeout");
        AssertNamed(new() { PollInterval = TimeSpan.FromHours(1.1) }, "TheEye:PollInterval");
        AssertNamed(new() { DocumentLimit = 0 }, "TheEye:DocumentLimit");
        AssertNamed(new() { ServiceTokens = { ["acme"] = " " } }, "TheEye:ServiceTokens");
    }

    [Fact]
    public void The_settle_time_must_be_longer_than_a_release_may_take()
    {
        AssertNamed(new() { RequestTimeout = TimeSpan.FromSeconds(10), SettleTime = TimeSpan.FromSeconds(23) }, "TheEye:SettleTime");
        Assert.True(new TheEyeOptionsValidator()
            .Validate(null, new() { RequestTimeout = TimeSpan.FromSeconds(10), SettleTime = TimeSpan.FromSeconds(24) }).Succeeded);
    }

    [Fact]
    public void Every_invalid_value_has_a_message_of_its_own() => Assert.Equal(
        ["TheEye:PollInterval", "TheEye:DocumentLimit"],
        new TheEyeOptionsValidator().Validate(null, new() { PollInterval = TimeSpan.Zero, DocumentLimit = -1 }).Failures!
            .Select(failure => failure.Split(' ')[0]));

    private static void AssertNamed(TheEyeOptions options, string name) =>
        Assert.StartsWith(name, Assert.Single(new TheEyeOptionsValidator().Validate(null, options).Failures!), StringComparison.Ordinal);
}
