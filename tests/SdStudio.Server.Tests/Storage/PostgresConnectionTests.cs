using Npgsql;
using SdStudio.Server.Storage.Postgres;

namespace SdStudio.Server.Tests.Storage;

/// <summary>Who a database has to be, and what it has to keep.</summary>
[Collection(PostgresGroup.Name)]
public sealed class PostgresConnectionTests(PostgresFixture postgres)
{
    [Fact]
    public void A_database_without_Unicode_is_refused_at_the_start_with_the_remedy()
    {
        string connection = postgres.NewDatabase("--encoding=SQL_ASCII", "--template=template0", "--locale=C");

        string said = Assert.Throws<CannotStartException>(() => new PostgresDatabase(connection)).Message;

        Assert.Contains("encoding SQL_ASCII", said, StringComparison.Ordinal);
        Assert.Contains("ENCODING 'UTF8'", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://sdstudio:secret@db.example.org/sdstudio", "postgres://… are not understood")]
    [InlineData("postgresql://sdstudio:secret@db.example.org/sdstudio?sslmode=disable", "postgres://… are not understood")]
    [InlineData("secret", "KEYWORD=VALUE")]
    [InlineData(" ", "it is empty")]
    [InlineData("Database=x;Password=secret", "it has no Host")]
    [InlineData("Host=db.example.org;Port=many;Password=secret", "the value of port is not allowed")]
    [InlineData("Host=db.example.org;Usrname=x;Password=secret", "there is no keyword 'usrname'")]
    [InlineData("Host=db.example.org;Password=a;secret=b", "an unknown keyword; a value that contains a semicolon")]
    public void A_wrong_connection_string_is_explained_without_its_password(string connection, string expected)
    {
        CannotStartException said = Assert.Throws<CannotStartException>(() => new PostgresDatabase(connection));

        Assert.Contains(expected, said.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", said.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host=db.example.org;Database=x", SslMode.VerifyFull)]
    [InlineData("Host=10.0.0.7;Database=x", SslMode.VerifyFull)]
    [InlineData("Host=localhost,db.example.org;Database=x", SslMode.VerifyFull)]
    [InlineData("Host=db.example.org;SSL Mode=Disable", SslMode.Disable)]
    [InlineData("Host=db.example.org;SslMode=VerifyCA", SslMode.VerifyCA)]
    [InlineData("Host=localhost;Database=x", SslMode.Prefer)]
    [InlineData("Host=127.0.0.1;Port=5433", SslMode.Prefer)]
    [InlineData("Host=::1", SslMode.Prefer)]
    [InlineData("Host=/run/postgresql", SslMode.Prefer)]
    public void A_database_on_another_machine_proves_who_it_is_unless_the_settings_say_otherwise(string connection, SslMode expected) =>
        Assert.Equal(expected, PostgresDatabase.SettingsOf(connection).SslMode);
}
