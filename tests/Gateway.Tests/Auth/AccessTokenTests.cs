using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Auth;
using static SyncCluster.Gateway.Tests.Requests.Queries;

namespace SyncCluster.Gateway.Tests.Auth;

public sealed class AccessTokenTests
{
    [Theory]
    [InlineData("?access_token=t", null, null)]
    [InlineData("?access_token=%74", "", "")]
    [InlineData("", "Bearer t", null)]
    [InlineData("", "bearer t", null)]
    [InlineData("", " BEARER   t ", null)]
    [InlineData("", null, "t")]
    [InlineData("?access_token=t", "Basic dTpw", null)]
    [InlineData("?access_token=t", "Bearer", null)]
    [InlineData("?access_token=t", "Bearer a b", null)]
    [InlineData("?access_token=", "Bearer t", "")]
    [InlineData("?access_token=&access_token=t", null, null)]
    public void A_token_is_taken_from_the_one_place_where_it_is(string query, string? authorization, string? body) =>
        Assert.Equal(new AccessToken.One("t"), AccessToken.Find(Query(query), authorization, body));

    [Theory]
    [InlineData("", null, null)]
    [InlineData("?access_token", "", "")]
    [InlineData("", "Bearer", null)]
    [InlineData("", "Bearer ", null)]
    [InlineData("", "Bearert", null)]
    [InlineData("", "Bearer a b", null)]
    [InlineData("", "Bearer a, Bearer b", null)]
    [InlineData("", "Bearer \u00e9", null)]
    [InlineData("", "Basic dTpw", null)]
    [InlineData("", "t", null)]
    public void Empty_values_and_foreign_or_malformed_headers_are_no_token(string query, string? authorization, string? body) =>
        Assert.Equal(new AccessToken.None(), AccessToken.Find(Query(query), authorization, body));

    [Theory]
    [InlineData("?access_token=a", "Bearer b", null)]
    [InlineData("?access_token=t", "Bearer t", null)]
    [InlineData("?access_token=t", null, "t")]
    [InlineData("", "Bearer t", "t")]
    [InlineData("?access_token=t&access_token=t", null, null)]
    [InlineData("?access_token=t&ACCESS_TOKEN=u", null, null)]
    public void A_token_given_twice_is_refused_even_if_both_are_equal(string query, string? authorization, string? body) =>
        Assert.IsType<AccessToken.Refused>(AccessToken.Find(Query(query), authorization, body));

    [Fact]
    public void Two_bearer_headers_are_refused() =>
        Assert.IsType<AccessToken.Refused>(AccessToken.Find(Query(""), new StringValues(["Bearer a", "Bearer a"]), null));

    [Fact]
    public void A_refusal_does_not_show_the_token()
    {
        var refused = Assert.IsType<AccessToken.Refused>(AccessToken.Find(Query("?access_token=hidden"), "Bearer hidden", null));
        Assert.DoesNotContain("hidden", refused.Problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", new AccessToken.One("hidden").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_longer_than_any_is_nobodys_but_still_counts_as_given()
    {
        var longest = new string('t', AccessToken.MaxLength);
        Assert.Equal(new AccessToken.One(longest), AccessToken.Find(Query(""), $"Bearer {longest}", null));
        Assert.Equal(new AccessToken.None(), AccessToken.Find(Query(""), $"Bearer {longest}t", null));
        Assert.IsType<AccessToken.Refused>(AccessToken.Find(Query("?access_token=t"), $"Bearer {longest}t", null));
    }
}
