using System.Text;
using Microsoft.Extensions.Primitives;
using SyncCluster.Gateway.Api.Sync;
using SyncCluster.Gateway.Auth;
using SyncCluster.Gateway.Requests;

namespace SyncCluster.Gateway.Tests.Requests;

public sealed class IdempotencyKeyTests
{
    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("\"abc\"", "abc")]
    [InlineData(" \"abc\"\t", "abc")]
    [InlineData("\"a\\\"b\\\\c\"", "a\"b\\c")]
    [InlineData("a\"b", "a\"b")]
    [InlineData("a\\b,c;d", "a\\b,c;d")]
    [InlineData("~", "~")]
    public void Bare_or_quoted_it_names_the_same_key(string header, string key) =>
        Assert.Equal(new IdempotencyKey.One(key), IdempotencyKey.Find(header));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("\"\"")]
    [InlineData("\"")]
    [InlineData("\"abc")]
    [InlineData("\"abc\\\"")]
    [InlineData("\"a\"b\"")]
    [InlineData("\"abc\";a=1")]
    [InlineData("\"a\\b\"")]
    [InlineData("a b")]
    [InlineData("\"a b\"")]
    [InlineData("caf\u00e9")]
    [InlineData("a\u007f")]
    public void What_is_no_key_is_malformed(string header) => Assert.IsType<IdempotencyKey.Malformed>(IdempotencyKey.Find(header));

    [Fact]
    public void It_has_1_to_255_characters()
    {
        var longest = new string('k', 255);
        var quoted = string.Concat(Enumerable.Repeat("\\\"", 255));
        Assert.Equal(new IdempotencyKey.One(longest), IdempotencyKey.Find(longest));
        Assert.Equal(new IdempotencyKey.One(longest), IdempotencyKey.Find($"\"{longest}\""));
        Assert.Equal(new IdempotencyKey.One(new string('"', 255)), IdempotencyKey.Find($"\"{quoted}\""));
        Assert.IsType<IdempotencyKey.Malformed>(IdempotencyKey.Find(longest + "k"));
        Assert.IsType<IdempotencyKey.Malformed>(IdempotencyKey.Find($"\"{longest}k\""));
    }

    [Fact]
    public void Two_headers_are_malformed() => Assert.IsType<IdempotencyKey.Malformed>(IdempotencyKey.Find(new StringValues(["a", "a"])));

    [Fact]
    public void No_header_is_no_key() => Assert.IsType<IdempotencyKey.None>(IdempotencyKey.Find(default));

    [Fact]
    public void A_call_is_known_by_all_that_makes_it_and_parts_do_not_run_together()
    {
        IdempotencyIdentity[] all =
        [
            Of("c", "t", "k", secret: "u"), Of("ct", "", "k", secret: "u"), Of("c", "tk", "", secret: "u"), Of("c", "t", "k", secret: "v"), Of("d", "t", "k", secret: "u"),
        ];
        Assert.Equal(all.Length, all.Select(identity => Convert.ToHexString(identity.Id)).Distinct().Count());
        Assert.Equal(Of("c", "t", "k", "u").Id, all[0].Id);
    }

    [Fact]
    public void A_user_a_secret_of_the_same_name_and_a_user_of_another_customer_are_different_callers()
    {
        IdempotencyIdentity[] all = [Of("c", "t", "k", secret: "uma"), Of("c", "t", "k", secret: "user uma"), ByUser("c"), ByUser("d")];
        Assert.Equal(all.Length, all.Select(identity => Convert.ToHexString(identity.Id)).Distinct().Count());

        static IdempotencyIdentity ByUser(string customer) => IdempotencyIdentity.Of(
            new TaskInvocation(customer, "t", new CallPayload("[]"u8.ToArray(), null))
            {
                Caller = new AuthenticatedCaller(new Caller { Customer = customer, Username = "uma", Credential = Credential.User }, "token") { Arrival = default },
            },
            "k");
    }

    [Theory]
    [InlineData("[1,\"a b\"]", " [ 1 ,\n\"a b\" ] ", true)]
    [InlineData("[1]", "[2]", false)]
    [InlineData("[1]", "[1.0]", false)]
    [InlineData("[\"a b\"]", "[\"ab\"]", false)]
    public void The_fingerprint_is_of_the_arguments_and_not_of_their_spacing(string one, string other, bool same) =>
        Assert.Equal(same, Of("c", "t", "k", "u", one).Fingerprint.SequenceEqual(Of("c", "t", "k", "u", other).Fingerprint));

    private static IdempotencyIdentity Of(string customer, string task, string key, string secret, string arguments = "[]") =>
        IdempotencyIdentity.Of(new TaskInvocation(customer, task, new CallPayload(Encoding.UTF8.GetBytes(arguments), null)) { Secret = secret }, key);
}
